import { Option } from 'commander';

export type ReportFormat = 'text' | 'markdown';

/** `--format`, the same for every command that tells of changes. */
export const formatOption = (): Option =>
  new Option('--format <format>', 'markdown is for a pull request').choices(['text', 'markdown']).default('text');

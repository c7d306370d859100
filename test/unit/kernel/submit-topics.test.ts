import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../pipeline/kernel/config.ts';
import { defaultSubmitTopics, submitTopicsText } from '../../../pipeline/kernel/submit-topics.ts';

const required = {
  FRESHET_POSTGRES_URL: 'postgres://localhost/freshet',
  FRESHET_KAFKA_BROKERS: 'localhost:9092',
  FRESHET_REGISTRY_URL: 'http://localhost:8081',
  FRESHET_REDIS_URL: 'redis://localhost:6379/0',
};
const parse = (value?: string) =>
  parseConfig({ ...required, ...(value === undefined ? {} : { FRESHET_SUBMIT_TOPICS: value }) }).FRESHET_SUBMIT_TOPICS;

describe('the topics that services hand events in by', () => {
  it('are one of each format where nothing is said', () => {
    expect(parse()).toEqual([
      { name: 'engagement.interaction.submitted.v1', format: 'avro' },
      { name: 'engagement-events', format: 'json' },
    ]);
    expect(submitTopicsText(parse())).toBe(defaultSubmitTopics);
  });

  it('are named with their formats, in any order, with spaces', () => {
    expect(parse(' clicks=json , Shop_Orders.v2=avro')).toEqual([
      { name: 'clicks', format: 'json' },
      { name: 'Shop_Orders.v2', format: 'avro' },
    ]);
  });

  it('can be none', () => {
    expect(parse('none')).toEqual([]);
    expect(submitTopicsText(parse('none'))).toBe('none');
  });

  it.each([
    ['', /"" is no topic's name/],
    ['clicks', /clicks has no format: write clicks=avro or clicks=json/],
    ['clicks=xml', /clicks has the unknown format "xml": there are avro and json/],
    ['clicks=json=avro', /unknown format "json=avro"/],
    ['a b=json', /"a b" is no topic's name/],
    ['..=json', /"\.\." is no topic's name/],
    ['clicks=json,', /"" is no topic's name/],
    ['clicks=json,clicks=avro', /clicks is named twice/],
    ['clicks.intake.dlq=avro', /holds dead letters/],
    [`${'x'.repeat(181)}=json`, /at most 180 characters/],
  ])('are refused as %j, with variable, reason and example', (value, message) => {
    expect(() => parse(value)).toThrow(message);
    expect(() => parse(value)).toThrow(/FRESHET_SUBMIT_TOPICS: .*for example FRESHET_SUBMIT_TOPICS=engagement/);
  });
});

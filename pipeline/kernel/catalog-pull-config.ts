import { z } from 'zod';

const isAddress = (text: string): boolean => {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
};

/** The pull from a catalogue service. */
export const catalogPullSpec = {
  FRESHET_CATALOG_PULL_URL: {
    schema: z
      .string()
      .max(2_048)
      .refine((text) => text === '' || isAddress(text), 'must be an http or https URL without a user')
      .default(''),
    meaning: 'Catalogue service that items are pulled from; without it nothing is pulled',
    example: 'https://shop.example/api/products',
  },
  FRESHET_CATALOG_PULL_NAMESPACE: {
    schema: z
      .string()
      .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'must be a namespace: a-z 0-9 . _ -')
      .default('default'),
    meaning: 'Namespace that pulled items belong to',
    example: 'default',
  },
  FRESHET_CATALOG_PULL_EVERY_MS: {
    schema: z.coerce.number().int().min(100).max(86_400_000).default(60_000),
    meaning: 'From the end of one pull to the next, milliseconds',
    example: '60000',
  },
  FRESHET_CATALOG_PULL_OVERLAP_MS: {
    schema: z.coerce.number().int().min(0).max(86_400_000).default(300_000),
    meaning:
      'How far before the latest change known each pull asks again, milliseconds: longer than the service takes from setting `updated_at` to its commit',
    example: '300000',
  },
  FRESHET_CATALOG_PULL_TOKEN: {
    schema: z
      .string()
      .max(4_096)
      .regex(/^[\x21-\x7e]*$/, 'must be printable ASCII without blanks')
      .default(''),
    meaning: 'Sent to the catalogue service as a bearer token',
    example: 'secret',
  },
} as const;

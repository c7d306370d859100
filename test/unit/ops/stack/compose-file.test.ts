import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { composeFile } from '../../../../ops/stack/compose-file.ts';
import { containerSpecs } from '../../../../ops/stack/images.ts';
import { checkoutRoot } from '../../../../ops/stack/paths.ts';
import { serverNames } from '../../../../ops/stack/server-name.ts';
import { kafkaSettings } from '../../../../ops/stack/settings.ts';
import { configSpec } from '../../../../pipeline/kernel/config.ts';

const root = checkoutRoot();
const text = composeFile();

describe('docker-compose.yml', () => {
  it('is what `freshet stack compose` makes of the servers that the driver and the tests start', () => {
    expect(readFileSync(join(root, 'docker-compose.yml'), 'utf8')).toBe(text);
  });

  it.each(serverNames)('gives %s its image, its settings and a health check', (name) => {
    const spec = containerSpecs({ kafkaOutside: 'anywhere:1' })[name];
    const service = text.slice(text.indexOf(`\n  ${name}:\n`)).split(/\n {2}\S/)[1] ?? '';
    expect(service).toContain(JSON.stringify(spec.image));
    for (const variable of Object.keys(spec.environment)) expect(service).toContain(`${variable}:`);
    expect(service).toContain(spec.healthCommand[0]);
  });

  it('tells Kafka in a container what Kafka on the machine is told', () => {
    const { environment } = containerSpecs({ kafkaOutside: 'anywhere:1' }).kafka;
    for (const [property, value] of Object.entries(kafkaSettings)) {
      expect(environment[`KAFKA_${property.toUpperCase().replaceAll('.', '_')}`]).toBe(value);
    }
  });

  it('sets only variables that the product knows', () => {
    for (const [, name] of text.matchAll(/^ +(FRESHET_\w+):/gm)) expect(Object.keys(configSpec)).toContain(name);
  });

  it('mounts only files that are there', () => {
    for (const [, file] of text.matchAll(/"(\.\/[^":]+):/g)) expect(existsSync(join(root, file ?? ''))).toBe(true);
  });
});

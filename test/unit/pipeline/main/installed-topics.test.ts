import { describe, expect, it } from 'vitest';
import { catalogueFindings } from '../../../../ops/topics/catalogue-findings.ts';
import { configSpec } from '../../../../pipeline/kernel/config.ts';
import { installedTopics } from '../../../../pipeline/main/installed-topics.ts';
import { interactionSubmittedSchema } from '../../../../schemas/generated/interaction-submitted.v1.ts';
import { allTopics, avroTopics, deadLetterTopics, jsonTopics, topics } from '../../../../schemas/topics.ts';

const installed = (text?: string) => installedTopics(configSpec.FRESHET_SUBMIT_TOPICS.schema.parse(text));
const namesOf = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name);

describe('the topics of an installation', () => {
  it('are those of the catalogue where nothing else is configured', () => {
    const { doors, all, avro, deadLetters } = installed();
    expect(doors).toEqual([
      { format: 'avro', topic: topics.interactionSubmitted },
      { format: 'json', topic: jsonTopics.engagementEvents },
    ]);
    expect([namesOf(all), namesOf(avro), namesOf(deadLetters)]).toEqual(
      [allTopics, avroTopics, deadLetterTopics].map(namesOf),
    );
  });

  it('are besides those that the configuration names, with dead-letter topics of their own', () => {
    const { doors, all, avro, deadLetters } = installed('Shop_Clicks=json,orders=avro');
    expect(namesOf(doors.map(({ topic }) => topic))).toEqual(['Shop_Clicks', 'orders']);
    expect(namesOf(all.slice(0, -2))).toEqual(expect.arrayContaining([...namesOf(allTopics), 'Shop_Clicks', 'orders']));
    const letters = ['Shop_Clicks.intake.dlq', 'orders.intake.dlq'];
    expect(namesOf(deadLetters.slice(-2))).toEqual(letters);
    expect(namesOf(avro.slice(-3))).toEqual(['orders', ...letters]);
    expect(avro.find(({ name }) => name === 'orders')?.schema).toBe(interactionSubmittedSchema);
    expect(catalogueFindings(all)).toEqual([]);
  });

  it('keep those of the catalogue where the configuration names none', () => {
    const { doors, all } = installed('none');
    expect([doors, namesOf(all)]).toEqual([[], namesOf(allTopics)]);
  });

  it.each([
    ['engagement.interaction.recorded.v1=avro', /is written by Freshet itself/],
    ['catalog.item.changed.v1=json', /is written by Freshet itself/],
    ['engagement-events=avro', /holds JSON, not avro/],
    ['engagement.interaction.submitted.v1=json', /holds Avro, not json/],
  ])('are refused where one is there for something else: %s', (text, message) => {
    expect(() => installed(text)).toThrow(message);
    expect(() => installed(text)).toThrow(/^FRESHET_SUBMIT_TOPICS: .*name another topic/);
  });
});

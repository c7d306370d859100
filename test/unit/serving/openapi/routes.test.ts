import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { operations } from '../../../../serving/openapi/operations.ts';
import { prose } from '../../../../serving/openapi/page/html.ts';
import { openapiRoutes } from '../../../../serving/openapi/routes.ts';

const app = openapiRoutes({ version: '1.2.3', isSecured: true });
const get = (path: string, headers: Record<string, string> = {}) => app.request(path, { headers });

describe.each(['/openapi.json', '/docs'])('GET %s', (path) => {
  it('tells how long it may be kept, and by which name', async () => {
    const { headers } = await get(path);
    expect(headers.get('cache-control')).toBe('public, max-age=60, must-revalidate');
    expect(headers.get('etag')).toMatch(/^"[\w-]{22}"$/);
    expect((await get(path)).headers.get('etag')).toBe(headers.get('etag'));
  });

  it('is sent once to whoever names it', async () => {
    const etag = (await get(path)).headers.get('etag') ?? '';
    for (const known of [etag, `"other", ${etag}`, `W/${etag}`, '*']) {
      const response = await get(path, { 'if-none-match': known });
      expect([response.status, await response.text(), response.headers.get('etag')]).toEqual([304, '', etag]);
    }
    expect((await get(path, { 'if-none-match': '"other"' })).status).toBe(200);
  });
});

describe('the page', () => {
  it('loads nothing, and its style is the one that its policy allows', async () => {
    const response = await get('/docs');
    const page = await response.text();
    const [, style = ''] = /<style>([\s\S]*?)<\/style>/.exec(page) ?? [];
    const policy = response.headers.get('content-security-policy');
    expect(policy).toContain(`style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`);
    expect(policy).toContain("default-src 'none'");
    expect(page).not.toMatch(/<script|<link|<img|<iframe|@import|url\(|style=|\son\w+=/i);
    expect(page).not.toMatch(/(?:src|href)="(?!#|\/openapi\.json")/);
  });

  it('shows every operation, and links lead somewhere', async () => {
    const page = await (await get('/docs')).text();
    for (const { id, path } of operations) {
      expect(page).toContain(`id="${id}"`);
      expect(page).toContain(`<span class="path">${path}</span>`);
    }
    const links = [...page.matchAll(/href="#([^"]+)"/g)].map(([, name]) => name);
    expect(links.length).toBeGreaterThan(50);
    for (const name of new Set(links)) expect(page).toContain(`id="${name}"`);
  });

  it('shows text as text', () => {
    expect(prose('a < b, `<b>` & "c"')).toBe('a &lt; b, <code>&lt;b&gt;</code> &amp; &quot;c&quot;');
  });
});

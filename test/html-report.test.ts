/** The HTML report: its pictures' numbers against plain SQL, nothing from outside, nothing that a capture says is taken for HTML; in Chromium, where there is one. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Database, openDatabase } from '../analyzer/database.js';
import { judge } from '../analyzer/judge.js';
import { analyze } from '../analyzer/pipeline.js';
import { htmlReport } from '../analyzer/report/html/document.js';
import { html, json } from '../analyzer/report/html/markup.js';
import type { CapturePictures, PictureData } from '../analyzer/report/html/picture-data.js';
import { countText, durationText } from '../analyzer/report/html/words.js';
import { makeReport } from '../analyzer/report/report.js';
import { loadRules } from '../analyzer/rules.js';
import { loadDictionary } from '../traces/dictionary.js';
import { inPackage } from '../traces/package-root.js';
import { Chromium, findChromium } from './chromium.js';

const sample = (...path: string[]): string => inPackage('traces', 'samples', ...path);
const folder = mkdtempSync(join(tmpdir(), 'dmaspan-html-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

interface Made {
  readonly page: string;
  readonly pictures: PictureData;
  readonly db: Database;
}

async function made<T>(files: readonly string[], use: (made: Made) => T | Promise<T>): Promise<T> {
  const analysis = await analyze(files, { dictionary: await loadDictionary([]) });
  const db = await openDatabase(analysis);
  try {
    const report = await makeReport(db, await judge(db, loadRules()));
    const page = await htmlReport(report, { database: db });
    return await use({ page, pictures: picturesIn(page), db });
  } finally {
    db.close();
  }
}

function picturesIn(page: string): PictureData {
  const [, text = ''] = /<script type="application\/json" id="pictures">(.*?)<\/script>/s.exec(page) ?? [];
  return JSON.parse(text) as PictureData;
}

const only = ({ captures }: PictureData): CapturePictures => captures[0]!;

for (const name of [
  ['buggy-driver', 'trace.dat'],
  ['clean-nvme', 'trace.txt.zst'],
]) {
  test(`${name[0]}: live bytes are those of the view live_bytes, peak and end`, () =>
    made([sample(...name)], async ({ pictures, db }) => {
      const expected = await db.query(`
        SELECT layer::VARCHAR AS layer, coalesce(device::VARCHAR, 'device not told') AS name, max(bytes)::DOUBLE AS peak,
          arg_max(bytes, ts)::DOUBLE AS last, max(mappings)::DOUBLE AS most
        FROM live_bytes GROUP BY ALL ORDER BY layer, name`);
      const shown = only(pictures)
        .liveBytes.filter(({ by }) => by === 'device')
        .flatMap(({ layer, series }) =>
          series.filter(({ total }) => !total).map((one) => ({ layer, ...one })),
        )
        .sort((a, b) => (`${a.layer} ${a.name}` < `${b.layer} ${b.name}` ? -1 : 1));
      assert.equal(
        shown.map(({ layer, name, peak, last, mostMappings }) => ({
          layer,
          name,
          peak,
          last,
          most: mostMappings,
        })),
        expected,
      );
      for (const { high, low, peak, last } of shown) {
        assert.is(Math.max(...high), peak);
        assert.is(high.length, low.length);
        assert.ok(high.every((level, bin) => level >= low[bin]!));
        assert.ok(low[low.length - 1]! <= last && last <= high[high.length - 1]!);
      }
    }));
}

test('live bytes by call site and all together, at moments, are what was mapped then', () =>
  made([sample('buggy-driver', 'trace.dat')], async ({ pictures, db }) => {
    const { begin, length, liveBytes } = only(pictures);
    const total = liveBytes.find(({ layer, by }) => layer === 'dma' && by === 'device')!.series[0]!;
    const site = liveBytes
      .find(({ layer, by }) => layer === 'dma' && by === 'site')!
      .series.find(({ name }) => name === 'mir_fill [dmabug]')!;
    const bins = total.high.length;
    for (const bin of [0, 37, 170, 171, 400, 532, bins - 1]) {
      const ts = Number(begin) + ((bin + 0.5) * length) / bins;
      const [row] = await db.query(
        `SELECT coalesce(sum(len), 0)::DOUBLE AS everything, coalesce(sum(len) FILTER (s.site = 'mir_fill [dmabug]'), 0)::DOUBLE AS site
         FROM lifetimes l LEFT JOIN stacks s ON s.id = l.open_stack
         WHERE layer = 'dma' AND opened_ts <= $ts AND (closed_ts IS NULL OR closed_ts > $ts)`,
        { ts: BigInt(Math.round(ts)) },
      );
      for (const [series, value] of [
        [total, Number(row!.everything)],
        [site, Number(row!.site)],
      ] as const)
        assert.ok(
          series.low[bin]! <= value && value <= series.high[bin]!,
          `${series.name}, bin ${bin}: ${value}`,
        );
    }
  }));

test('a page map of few runs has each of them, with its times', () =>
  made([sample('buggy-driver', 'trace.dat')], async ({ pictures, db }) => {
    const { pageMaps, begin } = only(pictures);
    const expected = await db.query(
      `
      SELECT layer::VARCHAR AS layer, coalesce(device::VARCHAR, '') AS device, printf('%x', addr) AS addr, len::DOUBLE AS bytes,
        (opened_ts - $begin::BIGINT)::DOUBLE AS opened, (closed_ts - $begin::BIGINT)::DOUBLE AS closed, lifetime::DOUBLE AS lifetime
      FROM page_lifetimes ORDER BY layer, device, opened, addr, closed`,
      { begin },
    );
    const shown = pageMaps.flatMap(({ layer, device, rectangles }) =>
      rectangles.map(([, , addr, bytes, opened, closed, lifetime]) => ({
        layer,
        device,
        addr,
        bytes,
        opened,
        closed,
        lifetime,
      })),
    );
    const text = (rows: readonly object[]): string[] => rows.map((row) => JSON.stringify(row)).sort();
    assert.is(shown.length, 1114);
    assert.equal(text(shown), text(expected));
    for (const { rectangles, height } of pageMaps) {
      // What is mapped at the same time does not overlap.
      for (const [y0, y1] of rectangles) assert.ok(y0 >= 0 && y1 >= y0 + 1 - 1e-3 && y1 <= height + 1e-3);
    }
  }));

test('a page map of many runs has in each cell how much of it was mapped', () =>
  made([sample('big-lists', 'trace.txt.zst')], async ({ pictures, db }) => {
    const map = only(pictures).pageMaps.find(({ grid }) => grid !== null)!;
    const { rows, bins, cells } = map.grid!;
    const levels = Buffer.from(cells, 'base64');
    assert.is(levels.length, rows * bins);
    const slow = await db.query(
      `WITH cell AS (SELECT r AS row, b AS bin FROM range($rows::BIGINT) t(r), (SELECT unnest([0, 1, 100, 217, 300, 479]) AS b))
       SELECT c.row, c.bin, coalesce(sum(
         greatest(0, least(p.y1 / $height * $rows, c.row + 1) - greatest(p.y0 / $height * $rows, c.row))
         * greatest(0, least(coalesce(p.closed_ts, k.last_ts) - k.first_ts, (c.bin + 1) * (k.last_ts - k.first_ts) / $bins) - greatest(p.opened_ts - k.first_ts, c.bin * (k.last_ts - k.first_ts) / $bins))
         / ((k.last_ts - k.first_ts) / $bins)), 0) AS mapped
       FROM cell c, captures k, page_runs p
       WHERE p.layer = $layer AND p.device = $device
       GROUP BY ALL ORDER BY ALL`,
      { rows, bins, height: map.height, layer: map.layer, device: map.device },
    );
    let filled = 0;
    for (const { row, bin, mapped } of slow) {
      const level = levels[Number(row) * bins + Number(bin)]!;
      assert.ok(Math.abs(level / 255 - Number(mapped)) < 0.006, `${row} ${bin}: ${level / 255}, ${mapped}`);
      if (Number(mapped) > 1e-6) {
        filled++;
        assert.ok(level > 0, 'what was mapped shows');
      }
    }
    assert.ok(filled > 50, String(filled));
    const [{ open } = { open: 0 }] = await db.query(
      `SELECT count(*) AS open FROM page_lifetimes WHERE closed_ts IS NULL AND layer::VARCHAR = $layer AND coalesce(device::VARCHAR, '') = $device`,
      { layer: map.layer, device: map.device },
    );
    assert.is(map.rectangles.length, Number(open));
  }));

test('histograms count every lifetime once, in its power of two', () =>
  made([sample('buggy-driver', 'trace.dat')], async ({ pictures, db }) => {
    for (const { layer, device, first, closed, open } of only(pictures).durations) {
      for (let at = 0; at < closed.length; at++) {
        const [row] = await db.query(
          `SELECT count(*) FILTER (closed_ts IS NOT NULL) AS closed, count(*) FILTER (closed_ts IS NULL) AS open
           FROM lifetimes, (SELECT last_ts FROM captures)
           WHERE layer::VARCHAR = $layer AND coalesce(device::VARCHAR, '') = $device
             AND coalesce(closed_ts, last_ts) - opened_ts >= $from AND coalesce(closed_ts, last_ts) - opened_ts < 2 * $from`,
          { layer, device, from: BigInt(2 ** (first + at)) },
        );
        assert.equal([closed[at], open[at]], [Number(row!.closed), Number(row!.open)]);
      }
    }
    const counts = only(pictures).durations.flatMap(({ closed, open }) => [...closed, ...open]);
    const [all] = await db.query('SELECT count(*) AS n FROM lifetimes');
    assert.is(
      counts.reduce((sum, count) => sum + count, 0),
      Number(all!.n),
    );
  }));

test('evictions count every mapping that an invalidation told to go, in its power of two', () =>
  made([sample('buggy-driver', 'trace.dat')], async ({ pictures, db, page }) => {
    const { evictions } = only(pictures);
    assert.equal(
      evictions.map(({ name }) => name.includes('0000:00:0')),
      [true, true],
    );
    const [all] = await db.query(
      'SELECT count(*) AS n, count(*) FILTER (closed_ts IS NULL) AS never FROM lifetimes WHERE invalidation IS NOT NULL',
    );
    const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
    assert.is(sum(evictions.map(({ done, never }) => sum(done) + never)), Number(all!.n));
    assert.is(sum(evictions.map(({ never }) => never)), Number(all!.never));
    // The driver's list: eight pages are never unmapped, eight are 400 ms late.
    assert.is(Number(all!.never), 8);
    for (const { name, first, done } of evictions) {
      for (const [at, count] of done.entries()) {
        const [row] = await db.query(
          `SELECT count(*) AS n FROM lifetimes l JOIN invalidations i ON i.id = l.invalidation
           WHERE contains($name, l.device::VARCHAR) AND l.closed_ts - i.begin_ts >= $from AND l.closed_ts - i.begin_ts < 2 * $from`,
          { name, from: BigInt(2 ** (first + at)) },
        );
        assert.is(count, Number(row!.n), `${name} ${first + at}`);
      }
    }
    assert.match(page, /Evictions of /);
  }));

test('many devices: the others are one line, and all lines add up', () => {
  const lines = Array.from({ length: 30 }, (_, device) => {
    const at = `9.${String(device * 1000).padStart(6, '0')}`;
    return `  t-1 [000] ..... ${at}: dma_map_phys: 0000:0${Math.floor(device / 10)}:0${device % 10}.0 dir=TO_DEVICE dma_addr=${(0x10000 + device * 0x1000).toString(16)} size=${4096 + device} phys_addr=${(0x50000 + device * 0x1000).toString(16)} attrs=`;
  });
  const file = join(folder, 'many.txt');
  writeFileSync(file, `# tracer: nop\n#\n${lines.join('\n')}\n`);
  return made([file], ({ pictures }) => {
    const [live] = only(pictures).liveBytes;
    assert.is(live!.series.length, 9);
    assert.is(live!.series[8]!.name, 'other devices');
    const [total, ...others] = live!.series.map(({ last }) => last);
    assert.is(total, 30 * 4096 + (29 * 30) / 2);
    assert.is(
      others.reduce((sum, last) => sum + last, 0),
      total,
    );
  });
});

test('the page has the history of a finding, of both its devices', () =>
  made([sample('buggy-driver', 'trace.dat')], ({ page }) => {
    const article = /<article[^>]*>(?:(?!<\/article>).)*device-mismatch.*?<\/article>/s.exec(page)?.[0] ?? '';
    assert.match(article, /18\.497600 s<\/th><td class="text">mapped/);
    assert.match(article, /18\.499585 s<\/th><td class="text"><strong>device mismatch<\/strong>/);
    assert.match(article, /Mapped by <code>cmd_write \[dmabug\]<\/code>/);
    assert.match(article, /Unmapped for 0000:00:06\.0 by <code>cmd_write \[dmabug\]<\/code>/);
  }));

/** The page's policy, and the hashes of what it lets run. */
function policyOf(page: string): string {
  return /Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1]?.replaceAll('&#39;', "'") ?? '';
}

test('one file: nothing is fetched, and nothing but its own script may run', () =>
  made([sample('buggy-driver', 'trace.dat')], ({ page }) => {
    const policy = policyOf(page);
    assert.match(policy, /^default-src 'none'; script-src 'sha256-\S+'; style-src 'sha256-\S+';/);
    for (const [element, ...where] of [
      ['script', '<script>', '</script>'],
      ['style', '<style>', '</style>'],
    ] as const) {
      const text = page.slice(
        page.indexOf(where[0]) + where[0].length,
        page.indexOf(where[1], page.indexOf(where[0])),
      );
      assert.ok(
        policy.includes(`${element}-src 'sha256-${createHash('sha256').update(text).digest('base64')}'`),
        element,
      );
    }
    assert.not.match(page, /https?:\/\/|\burl\(|@import|\bsrc=|<(?:link|img|iframe|object|embed)\b/i);
    for (const [, target = ''] of page.matchAll(/\shref="([^"]*)"/g)) {
      assert.is(target[0], '#');
      assert.ok(page.includes(`id="${target.slice(1)}"`), target);
    }
    assert.ok(
      page.includes('Leon Sorokin') && page.includes('Permission is hereby granted'),
      'the licence of the library',
    );
    assert.ok(page.length < 620_000, `${page.length} bytes`);
  }));

test('ids are there once, labels lead somewhere, headings follow each other', () =>
  made([sample('buggy-driver', 'trace.dat'), sample('lossy', 'trace_pipe.txt.zst')], ({ page, pictures }) => {
    assert.is(pictures.captures.length, 2);
    const ids = [...page.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id!);
    assert.is(new Set(ids).size, ids.length);
    for (const [, id] of page.matchAll(/\saria-labelledby="([^"]*)"/g)) assert.ok(ids.includes(id!), id);
    const levels = [...page.matchAll(/<h([1-6])[ >]/g)].map(([, level]) => Number(level));
    assert.is(levels.filter((level) => level === 1).length, 1);
    levels.reduce((before, level) => {
      assert.ok(level <= before + 1, `h${before}, then h${level}`);
      return level;
    }, 0);
    assert.match(page, /<h1>\d+ errors/);
    assert.match(page, /Something was lost/);
  }));

test('many captures stay small', () =>
  made(
    Array.from({ length: 14 }, () => sample('overlap-iommu', 'trace.txt')),
    ({ page, pictures }) => {
      assert.is(pictures.captures.length, 12);
      assert.match(page, /first 12 of 14 captures/);
      assert.ok(page.length < 1_500_000, `${page.length} bytes`);
    },
  ));

test('the same capture gives the same page', async () => {
  const pages = [1, 2].map(() => made([sample('buggy-driver', 'trace.dat')], ({ page }) => page));
  assert.ok((await pages[0]) === (await pages[1]));
});

const HOSTILE = `</script><script>alert(1)</script>"'&amp;<img/src>`;

test('what a capture says is never HTML', async () => {
  const text = readFileSync(sample('overlap-iommu', 'trace.txt'), 'utf8').replaceAll('0000:00:05.0', HOSTILE);
  const file = join(folder, '<b>&"hostile".txt');
  writeFileSync(file, text);
  await made([file], ({ page, pictures }) => {
    assert.not.match(page, /<script>alert|<img|<b>&/);
    assert.ok(
      page.includes(
        '&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;amp;&lt;img/src&gt;',
      ),
    );
    assert.ok(page.includes('&lt;b&gt;&amp;&quot;hostile&quot;.txt'));
    assert.ok(
      only(pictures).liveBytes[0]!.series.some(({ name }) => name === HOSTILE),
      'the pictures name it as it is',
    );
  });
  assert.is(html`<p>${['a<b', 1, null, false]}</p>`.text, '<p>a&lt;b1</p>');
  assert.is(html`${'\u001b[2J\u202egnp.exe'}`.text, '·[2J·gnp.exe');
  assert.is(json({ a: '</script>\u2066' }).text, '{"a":"\\u003c/script>·"}');
});

test('a capture without events, and one of clock ticks', async () => {
  const empty = join(folder, 'empty.txt');
  writeFileSync(empty, '# tracer: nop\n#\n');
  await made([empty], ({ page, pictures }) => {
    assert.equal(pictures, { captures: [] });
    assert.match(page, /No findings/);
  });
  await made([sample('forms', 'clk-counter.txt.zst')], ({ page, pictures }) => {
    assert.is(only(pictures).unit, 'tick');
    assert.match(page, /\d+ ticks/);
  });
});

test('numbers in words', () => {
  assert.equal(
    [0, 812, 4210, 12_300_000, 1.5e9, 200e9, 7500e9].map((time) => durationText(time, 'ns')),
    ['0 ns', '812 ns', '4.21 µs', '12.3 ms', '1.5 s', '3 min 20 s', '2 h 5 min'],
  );
  assert.is(durationText(1234, 'tick'), '1,234 ticks');
  assert.is(countText(391818n), '391,818');
});

const browser = findChromium();
const inBrowser = browser === undefined ? test.skip : test;

inBrowser(
  'in Chromium: drawn without a complaint, at every width, in light and dark, by keyboard',
  async () => {
    const file = join(folder, 'report.html');
    writeFileSync(file, await made([sample('buggy-driver', 'trace.dat')], ({ page }) => page));
    const chromium = await Chromium.start(browser!);
    try {
      for (const [width, scheme] of [
        [1400, 'light'],
        [390, 'dark'],
      ] as const) {
        await chromium.look(width, 900, scheme);
        await chromium.open(file);
        assert.is(await chromium.evaluate('document.querySelectorAll(".plot canvas").length'), 4);
        assert.is(
          await chromium.evaluate('document.documentElement.scrollWidth <= innerWidth'),
          true,
          `${width} wide`,
        );
        assert.is(await chromium.evaluate(INKED), 4, 'something is drawn');
      }
      await chromium.evaluate('document.querySelector("[data-picture=pages] .plot").focus()');
      for (const key of ['ArrowRight', 'ArrowUp', 'ArrowLeft']) await chromium.press(key);
      assert.match(
        String(await chromium.evaluate('document.querySelector("[data-picture=pages] output").value')),
        /^\d+\.\d{6} s {2}0x/,
      );
      await chromium.press('+');
      assert.is(
        await chromium.evaluate('document.querySelector("[data-picture=pages] .reset").hidden'),
        false,
      );
      await chromium.press('Escape');
      assert.is(
        await chromium.evaluate('document.querySelector("[data-picture=pages] .reset").hidden'),
        true,
      );
      await chromium.evaluate('document.querySelector("[data-picture=live] .legend button").click()');
      assert.is(
        await chromium.evaluate('document.querySelector("[data-picture=live] .legend button").ariaPressed'),
        'false',
      );
      await chromium.pdf();
      assert.equal(chromium.complaints, []);
      assert.equal(
        [...new Set(chromium.requests)].filter((url) => !url.startsWith('file:')),
        [],
      );
    } finally {
      await chromium.close();
    }
  },
);

/** How many canvases have more than a few pixels of strong colour. */
const INKED = `[...document.querySelectorAll('.plot canvas')].filter((canvas) => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let strong = 0;
  for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 200) strong++;
  return strong > 500;
}).length`;

test.run();

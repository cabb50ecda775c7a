// Takes pictures of pages: reads [{html, file, scheme, width}] from a file, writes each `file` as PNG.
// The picture is of the element #picture, at twice its size, once the page says `data-ready`.
import { readFileSync } from 'node:fs';
import puppeteer from 'puppeteer-core';

const pictures = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--font-render-hinting=none'],
});
for (const { html, file, scheme, width } of pictures) {
  const page = await browser.newPage();
  await page.setViewport({ width, height: 400, deviceScaleFactor: 2 });
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
  await page.setContent(html);
  await page.waitForSelector('#picture[data-ready]');
  const picture = await page.$('#picture');
  await picture.screenshot({ path: file, omitBackground: true });
  await page.close();
}
await browser.close();

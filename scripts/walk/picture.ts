import type { Locator } from "playwright-core";

/** Room around what a picture shows, in pixels of the page. */
const MARGIN = 24;
/** Quality of WebP, of 100. */
const QUALITY = 70;
const MAX_BYTES = 60_000;

/**
 * Takes a picture of a part of the page, from the top of one element to the bottom of another. It is WebP, which takes half as
 * much as JPEG; Playwright itself does not write it.
 *
 * @throws {Error} If it has more than {@link MAX_BYTES}.
 */
export async function takePicture(first: Locator, last = first): Promise<Uint8Array> {
  const page = first.page();
  await first.evaluate((element) => element.scrollIntoView());
  const [top, bottom] = [(await first.boundingBox())!, (await last.boundingBox())!];
  const scrolled = await page.evaluate(() => scrollY);
  const clip = {
    x: top.x - MARGIN,
    y: top.y + scrolled - MARGIN,
    width: top.width + 2 * MARGIN,
    height: bottom.y + bottom.height - top.y + 2 * MARGIN,
    scale: 1,
  };
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality: QUALITY, clip });
  await session.detach();
  const bytes = Uint8Array.fromBase64(data);
  if (bytes.length <= MAX_BYTES) return bytes;
  throw new Error(`Cannot keep a picture of ${bytes.length} bytes: the most is ${MAX_BYTES}`);
}

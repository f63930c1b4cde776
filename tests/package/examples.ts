import { cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { describeWithBrowser, startBrowser } from "../browser.ts";
import { startProgram, startServer } from "../processes.ts";

/**
 * Tests the folders of examples/ with the packed package.
 *
 * @param project Makes the directory of a project that has the package.
 */
export function describeExamples(project: () => Promise<string>): void {
  /** Copies an example into a project of its own. */
  const copy = async (name: string) => {
    const directory = await project();
    await cp(join("examples", name), directory, { recursive: true });
    return directory;
  };

  describe("examples", () => {
    describe("test-data", () => {
      const people = async (...args: string[]) => {
        const directory = await copy("test-data");
        return await startProgram("env", ["--chdir", directory, "node", "people.js", ...args]).ended;
      };

      test("writes the people that its README shows", async () => {
        const readme = await readFile("examples/test-data/README.md", "utf8");
        const [, rows] = /^```\n(id,.*?)^```$/ms.exec(readme)!;
        expect(await people("3", "--seed", "42")).toMatchObject({ code: 0, stdout: rows });
      });

      test.each([
        [["0"], 'COUNT must be a whole number from 1 to 100000, got "0"'],
        [["3", "--seed", "x"], "SEED must be a whole number from 0 to"],
        [["3", "--sed", "1"], "Unknown option '--sed'"],
        [["3", "4"], 'there is nothing to do with "4"'],
      ])("says what is wrong with %j", async (args, message) => {
        const { code, stderr } = await people(...args);
        expect(code).toBe(1);
        expect(stderr).toContain(message);
      });
    });

    test("sign-up-form asks again where a name looks like random typing", async () => {
      const directory = await copy("sign-up-form");
      const command = `wrangler dev --config ${directory}/wrangler.toml --port 0 --ip 127.0.0.1`;
      const { address, end } = await startServer(["--eval", command], /Ready on (http:\S+)/);
      onTestFinished(end);
      const submit = async (fields: Record<string, string>) => {
        const body = new URLSearchParams(fields);
        const answer = await fetch(address, { method: "POST", body });
        return { status: answer.status, text: await answer.text() };
      };
      expect(await (await fetch(address)).text()).toContain("Your first name");
      expect(await submit({ name: "eleanor" })).toEqual({ status: 200, text: "<p>Welcome, eleanor!</p>" });
      const asked = await submit({ name: "jklfds" });
      expect(asked).toMatchObject({ status: 422, text: expect.stringContaining("Is it spelt “jklfds”?") });
      expect(await submit({ name: "jklfds", sure: "jklfds" })).toMatchObject({ status: 200 });
      expect(await submit({ name: "hjklqq", sure: "jklfds" })).toMatchObject({ status: 422 });
      expect(await submit({ name: "Zoë" })).toMatchObject({ status: 200 }); // the model knows no ë
      expect(await submit({ name: "<b>" })).toMatchObject({ text: "<p>Welcome, &lt;b&gt;!</p>" });
      expect(await submit({ name: "" })).toMatchObject({ status: 422 });
    });

    describeWithBrowser("browser-page", () => {
      test("makes names and scores a text without a server", async () => {
        const directory = await copy("browser-page");
        const build = await startProgram("env", ["--chdir", directory, "node", "build.js"]).ended;
        expect(build.code, build.stderr).toBe(0);
        const browser = await startBrowser("none");
        onTestFinished(() => browser.close());
        const page = await browser.newPage();
        const errors: string[] = [];
        page.on("pageerror", (error) => errors.push(String(error)));
        await page.route(
          "http://localhost/**",
          (route) =>
            route.fulfill({ path: join(directory, "dist", new URL(route.request().url()).pathname) }),
        );
        await page.goto("http://localhost/index.html");
        await page.getByRole("button", { name: "Make ten names" }).click();
        await expect.poll(() => page.locator("#made").textContent()).toMatch(/^\w+(, \w+){9}$/);
        await page.getByLabel("How likely is").fill("eleanor");
        await expect.poll(() => page.locator("#score").textContent()).toBe(
          "Perplexity 3.9: likelier than 94% of real names.",
        );
        await page.getByLabel("How likely is").fill("é");
        await expect.poll(() => page.locator("#score").textContent()).toContain("é");
        expect(errors).toEqual([]);
      });
    });
  });
}

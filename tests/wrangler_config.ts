/**
 * Makes a function that takes the comment signs away from a block of wrangler.toml, which ends at an empty line.
 *
 * @param binding The name of a binding in the block, which begins with its first table.
 */
export function uncomment(binding: string): (config: string) => string {
  return (config) => {
    const blocks = config.split("\n\n");
    const at = blocks.findIndex((block) => block.includes(`"${binding}"`) && block.includes("\n# [["));
    if (at === -1) throw new Error(`wrangler.toml has no commented block with ${binding}`);
    const table = blocks[at].indexOf("\n# [[") + 1;
    blocks[at] = blocks[at].slice(0, table) + blocks[at].slice(table).replace(/^# /gm, "");
    return blocks.join("\n\n");
  };
}

// Nothing is ever lost: a run that is killed, damaged and left without room at random moments ends in the same bits as
// one that nothing happened to. ADJOINT_SOAK_MINUTES says for how long; `npm run soak -- --minutes N`.

import { Random } from "@adjoint/core";
import { beforeAll, expect, it } from "vitest";
import { buildProgram } from "../../common/test/processes.js";
import { temporaryFolder } from "../../common/test/support.js";
import { canMountTmpfs, Torture } from "../../common/test/torture.js";

const KILLS = 20;
const minutes = Number(process.env.ADJOINT_SOAK_MINUTES || 0);
/** ADJOINT_SEED repeats the choice of moments; when exactly a process reaches one is up to the machine. */
const seed = Number(process.env.ADJOINT_SEED || Math.floor(Math.random() * 2 ** 32));

let program: string;

beforeAll(async () => {
  program = await buildProgram("soak", new URL("../src/main.ts", import.meta.url));
});

async function createTorture(): Promise<Torture> {
  const folder = temporaryFolder();
  const random = new Random(seed);
  const torture = new Torture({ program, folder, random, canMount: await canMountTmpfs(folder) });
  await torture.prepare();
  return torture;
}

async function killed(): Promise<void> {
  const torture = await createTorture();
  while (torture.counts.kills < KILLS) await torture.kill();
  await torture.finish();
  expect(torture.counts.resumes).toBeGreaterThan(KILLS / 2);
  expect(torture.counts.finished).toBeGreaterThan(0);
}

async function tortured(): Promise<void> {
  const random = new Random(seed, { stream: 1 });
  const torture = await createTorture();
  const end = performance.now() + minutes * 60_000;
  const faults = ["kill", "kill", "kill", "damage", "damage", "limitFiles", "fillDisk"] as const;
  try {
    while (performance.now() < end) await torture[faults[random.integer(faults.length)] as (typeof faults)[number]]();
    await torture.finish();
  } finally {
    const said = Object.entries(torture.counts).map(([name, count]) => `${name} ${count}`);
    process.stdout.write(`seed ${seed}: ${said.join(", ")}\n`);
  }
  expect(torture.counts.finished).toBeGreaterThan(0);
}

if (minutes > 0) {
  const name = `a run that everything happens to for ${minutes} minutes (seed ${seed}) ends in the same bits`;
  it(name, tortured, minutes * 60_000 + 120_000);
} else {
  it(`a run killed at ${KILLS} random moments (seed ${seed}) ends in the same bits`, killed);
}

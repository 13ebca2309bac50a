/**
 * A command run inside a container, from its creation to its exit code: three calls, the second of which carries the streams.
 * With input the connection is taken over, since HTTP ends a request before its answer begins.
 * A command that cannot be started is a result too: 20.10 answers exit code 126 and says why on standard output.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { environment } from './docker-containers.js';
import { EngineRefusal } from './docker-errors.js';
import type { Call, DockerHttp } from './docker-http.js';
import { frames } from './docker-streams.js';
import type { ExecOptions, ExecResult } from './engine.js';

/** Runs a command to its end. Rejects with the engine's refusal where the container does not run. */
export async function runInside(http: DockerHttp, id: string, { command, user, env, stdin }: ExecOptions): Promise<ExecResult> {
  const body = {
    Cmd: command,
    AttachStdin: stdin !== undefined,
    AttachStdout: true,
    AttachStderr: true,
    ...(user !== undefined && { User: user }),
    ...(env && { Env: environment(env) }),
  };
  const { Id: exec } = await http.json<{ Id: string }>({ method: 'POST', path: ['containers', id, 'exec'], body });
  const start: Call = { method: 'POST', path: ['exec', exec, 'start'], body: { Detach: false, Tty: false } };
  const output = stdin === undefined ? await http.open(start) : (await http.hijack(start)).end(stdin);
  const written = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  for await (const { stream, data } of frames(output)) written[stream].push(data);
  return { exitCode: await exitCodeOf(http, exec), stdout: Buffer.concat(written.stdout), stderr: Buffer.concat(written.stderr) };
}

/** The exit code of a command whose output has ended; that may be a moment before the engine has noted its exit. */
export async function exitCodeOf(http: DockerHttp, exec: string): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const { Running, ExitCode } = await http.json<{ Running: boolean; ExitCode: number | null }>({
      method: 'GET',
      path: ['exec', exec, 'json'],
    });
    if (!Running && ExitCode !== null) return ExitCode;
    await delay(20);
  }
  throw new EngineRefusal(500, 'its output ended, but it did not');
}

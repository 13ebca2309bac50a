/** Clients of ZooKeeper that are not ours, as sessions that stay until they are ended: Python's kazoo, and ZooKeeper's own `zkCli.sh`. */
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { retryUntil } from '../../src/runtime/retry-until.js';
import type { CreateMode } from '../../src/zookeeper/index.js';

export interface NewNode {
  readonly path: string;
  readonly data: Buffer;
  /** Entries as `scheme:id:permissions`. */
  readonly acl: readonly string[];
  readonly mode: CreateMode;
}

export interface ForeignNode {
  readonly path: string;
  /** Null where it is no text, and the client shows text only. */
  readonly data: Buffer | null;
  readonly length: number;
  readonly acl: readonly string[];
  /** Of an ephemeral node; null otherwise. */
  readonly session: string | null;
}

export interface ForeignClient {
  readonly session: string;
  /** Answers the paths, in the order asked for. */
  create(nodes: readonly NewNode[]): Promise<string[]>;
  read(paths: readonly string[]): Promise<ForeignNode[]>;
  /** Ends the session. */
  end(): Promise<void>;
}

/** How long a node with a time to live is left alone. */
export const TTL_MS = 600_000;

const KAZOO = join(process.env['ZKD_CACHE_DIR'] ?? '/var/cache/zkd', 'kazoo');
const PEER = new URL('kazoo/peer.py', import.meta.url).pathname;

/** The text of each node of a tree, by path as seen from its root. */
export type KazooTree = Readonly<Record<string, string>>;

export interface KazooClient extends ForeignClient {
  tree(root: string): Promise<KazooTree>;
}

/** Opens a session of kazoo; `auth` as in `ZKD_AUTH`. */
export async function openKazoo(connect: string, ...auth: readonly string[]): Promise<KazooClient> {
  const child = execa('python3', [PEER, connect, ...auth], {
    env: { PYTHONPATH: KAZOO },
    stdin: 'pipe',
    buffer: { stdout: false },
    reject: false,
  });
  const lines: AsyncIterator<string, undefined> = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async <T>(): Promise<T> => {
    const line = await lines.next();
    if (line.done !== true) return JSON.parse(line.value) as T;
    throw new Error(`kazoo has ended; bin/setup --yes --with-tests brings what it needs\n${(await child).stderr}`);
  };
  const ask = <T>(what: string, argument: unknown): Promise<T> => {
    child.stdin.write(`${JSON.stringify([what, argument])}\n`);
    return answer<T>();
  };
  const { session } = await answer<{ session: string }>();
  return {
    session,
    create: (nodes) =>
      ask(
        'create',
        nodes.map(({ data, ...node }) => ({ ...node, base64: data.toString('base64') })),
      ),
    async read(paths) {
      const nodes = await ask<(Omit<ForeignNode, 'data'> & { readonly base64: string })[]>('read', paths);
      return nodes.map(({ base64, ...node }) => ({ ...node, data: Buffer.from(base64, 'base64') }));
    },
    tree: (root) => ask('tree', root),
    async end() {
      child.stdin.end();
      const { exitCode, stderr } = await child;
      if (exitCode !== 0) throw new Error(`kazoo has failed\n${stderr}`);
    },
  };
}

export interface ZkCliOptions {
  /** A running member, in which the client runs. */
  readonly container: string;
  /** As seen in there. */
  readonly address: string;
  readonly auth: string;
}

const FLAGS: Readonly<Record<CreateMode, readonly string[]>> = {
  persistent: [],
  'persistent-sequential': ['-s'],
  ephemeral: ['-e'],
  'ephemeral-sequential': ['-e', '-s'],
  container: ['-c'],
  ttl: ['-t', `${TTL_MS}`],
  'ttl-sequential': ['-s', '-t', `${TTL_MS}`],
};

/** Opens a session of `zkCli.sh`, typed into as by hand: text only goes in, without quotes, backslashes and exclamation marks. */
export async function openZkCli({ container, address, auth }: ZkCliOptions): Promise<ForeignClient> {
  const child = execa('docker', ['exec', '--interactive', container, 'zkCli.sh', '-server', address], {
    stdin: 'pipe',
    buffer: false,
    reject: false,
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  let typed = 0;
  /** Types these, and answers what was printed after each, and what was complained or told of all of them. */
  const type = async (commands: readonly string[]): Promise<{ readonly printed: string[]; readonly told: string[] }> => {
    // What asks for a node that is not there is echoed on stdout and complained about on stderr when all before it is done.
    const mark = `get /no-such-${typed}`;
    const complaint = `Node does not exist: ${mark.slice('get '.length)}`;
    const [before, toldBefore] = [typed, stderr.length];
    typed += commands.length + 1;
    child.stdin.write([...commands, mark, ''].join('\n'));
    const isDone = async (): Promise<true | undefined> => (stdout.includes(`] ${mark}`) && stderr.includes(complaint)) || undefined;
    if (!(await retryUntil(isDone, { timeoutMs: 30_000, intervalMs: 20 })))
      throw new Error(`zkCli.sh does not answer\n${stdout.slice(-2000)}\n${stderr}`);
    const said = stdout.replaceAll(/\nWATCHER::\n\nWatchedEvent .*\n/g, '');
    const sections = said.split(/^\[zk: [^\]]*\] /m).slice(before + 1, typed);
    return {
      printed: sections.map((section) => section.slice(section.indexOf('\n') + 1)),
      told: stderr
        .slice(toldBefore)
        .split('\n')
        .filter((line) => line !== '' && line !== complaint),
    };
  };
  // Connected before its number is in the log on stdout.
  const isConnected = async (): Promise<string | undefined> => /session id = (0x[0-9a-f]+)/.exec(stdout)?.[1];
  const session = await retryUntil(isConnected, { timeoutMs: 30_000, intervalMs: 20 });
  if (session === undefined) throw new Error(`zkCli.sh does not connect\n${stdout}\n${stderr}`);
  const { told: help } = await type([`addauth ${auth.replace(':', ' ')}`, 'help']);
  // From 3.9 on.
  const base64 = help.some((line) => /^\s*get .*\[-b\]/.test(line)) ? ' -b' : '';
  return {
    session,
    async create(nodes) {
      const lines = nodes.map(({ path, data, acl, mode }) =>
        ['create', ...FLAGS[mode], quoted(path), quoted(data.toString()), acl.join(',')].join(' '),
      );
      const { told } = await type(lines);
      return told.map((line) => {
        if (!line.startsWith('Created ')) throw new Error(`zkCli.sh: ${line}`);
        return line.slice('Created '.length);
      });
    },
    async read(paths) {
      const { printed, told } = await type(paths.flatMap((path) => [`get -s${base64} ${quoted(path)}`, `getAcl ${quoted(path)}`]));
      if (told.length > 0) throw new Error(`zkCli.sh: ${told.join('\n')}`);
      return paths.map((path, index) => {
        const [node = '', acl = ''] = printed.slice(2 * index, 2 * index + 2);
        const end = node.lastIndexOf('\ncZxid = ');
        const length = Number(/^dataLength = (\d+)$/m.exec(node.slice(end))?.[1]);
        const owner = /^ephemeralOwner = (0x[0-9a-f]+)$/m.exec(node.slice(end))?.[1];
        const data = Buffer.from(length === 0 ? '' : node.slice(0, end), base64 === '' ? 'utf8' : 'base64');
        return {
          path,
          data: base64 !== '' || data.length === length ? data : null,
          length,
          acl: Array.from(acl.matchAll(/^'(\w+),'(.*)\n: (\w+)$/gm), ([, scheme, id, letters]) => `${scheme}:${id}:${letters}`),
          session: owner === '0x0' || owner === undefined ? null : owner,
        };
      });
    },
    async end() {
      child.stdin.end('quit\n');
      await child;
    },
  };
}

function quoted(text: string): string {
  if (/['"\\!\n]/.test(text)) throw new Error(`zkCli.sh cannot be given ${JSON.stringify(text)}`);
  return `'${text}'`;
}

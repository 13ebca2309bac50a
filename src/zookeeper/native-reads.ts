/** The reading requests of a session over the client library. */
import { permissionsOf } from './acl.js';
import { codeError, type Asked } from './errors.js';
import type { NativeConnection, Send } from './native-connection.js';
import type { NativeRequests } from './native-requests.js';
import type { NodeAcl, NodeChildren, NodeData, Stat, Watch } from './port.js';
import type { AclAnswer, AtLeast, SideSession } from './side-session.js';
import { toStat, type RawStat } from './stat.js';
import { watchedState } from './watches.js';

type WithStat<T = unknown> = T & { readonly stat: RawStat | undefined };

/** With so many requests under way reads go over the side session, which sends many at once. */
const MANY = 8;
const NO_NODE = -101;

export class Reads {
  readonly #connection: NativeConnection;
  readonly #requests: NativeRequests;
  readonly #side: SideSession;
  /** How many transactions of the side session the server of this one is known to reflect. */
  #sideWrites = 0;

  readonly #isDirect: boolean;

  /** `isDirect`: nothing but ACLs is read over the side session. */
  constructor(connection: NativeConnection, requests: NativeRequests, side: SideSession, { isDirect = false } = {}) {
    this.#isDirect = isDirect;
    this.#side = side;
    this.#connection = connection;
    this.#requests = requests;
  }

  async get(asked: Asked, deadline: number): Promise<NodeData> {
    const { path } = asked;
    const answer = await this.#requests.demand<WithStat<{ data: Buffer | null }>>({
      ...asked,
      deadline,
      send: this.#either('get', path, (native, done) =>
        native.a_get(path, false, (code, _text, stat, data) => done(code, { stat: stat ?? undefined, data })),
      ),
    });
    return nodeData(answer, asked);
  }

  async exists(asked: Asked, deadline: number): Promise<Stat | null> {
    const { path } = asked;
    const { code, answer } = await this.#requests.say<WithStat>({
      ...asked,
      deadline,
      send: this.#either('exists', path, (native, done) =>
        native.a_exists(path, false, (code, _text, stat) => done(code, { stat: stat ?? undefined })),
      ),
    });
    if (code === NO_NODE) return null;
    if (code !== 0) throw codeError(code, asked);
    return statOrFail(answer, asked);
  }

  async children(asked: Asked, deadline: number): Promise<NodeChildren> {
    const { path } = asked;
    const answer = await this.#requests.demand<WithStat<{ names: string[] | null }>>({
      ...asked,
      deadline,
      send: this.#either('children', path, (native, done) =>
        native.a_get_children2(path, false, (code, _text, names, stat) => done(code, { stat: stat ?? undefined, names })),
      ),
    });
    return { children: (answer.names ?? []).sort(), stat: statOrFail(answer, asked) };
  }

  async getAcl(asked: Asked, deadline: number): Promise<NodeAcl> {
    const answer = await this.#requests.demand<AclAnswer>({
      ...asked,
      deadline,
      send: (_native, done) => {
        this.#side.read('getAcl', asked.path, this.#atLeast(), done);
        return 0;
      },
    });
    const acl = answer.acl.map(({ scheme, auth, perms }) => ({ scheme, id: auth, permissions: permissionsOf(perms ?? 0) }));
    return { acl, stat: statOrFail(answer, asked) };
  }

  #atLeast(): AtLeast {
    return { zxid: this.#requests.knownZxid, writes: this.#requests.writes };
  }

  /** Over the side session where many requests are under way; over the library else, which has to have caught up with the other then. */
  #either<Answer>(op: 'get' | 'exists' | 'children', path: string, send: Send<Answer>): Send<Answer> {
    return (native, done) => {
      if (!this.#isDirect && this.#connection.underWay > MANY && !this.#side.isRefused) {
        this.#side.read(op, path, this.#atLeast(), done as (code: number, answer?: unknown) => void);
        return 0;
      }
      if (this.#sideWrites < this.#side.writes) {
        this.#sideWrites = this.#side.writes;
        // A lost one says nothing of the server that is asked next.
        native.a_sync(path, (code) => {
          if (code !== 0) this.#sideWrites = 0;
        });
      }
      return send(native, done);
    };
  }

  async watchNode(asked: Asked, deadline: number, isExpected: boolean): Promise<{ readonly node: NodeData | null; readonly watch: Watch }> {
    const { path } = asked;
    for (;;) {
      let watch: Watch | undefined;
      const { code, answer } = await this.#requests.say<WithStat<{ data: Buffer | null }>>({
        ...asked,
        deadline,
        send: (native, done) =>
          native.aw_get(path, this.#connection.fired.node, (code, _text, stat, data) => {
            if (code === 0) watch = this.#connection.watches.add('node', path, watchedState('node', stat));
            done(code, { stat: stat ?? undefined, data });
          }),
      });
      if (watch && answer) return { node: nodeData(answer, asked), watch };
      if (code !== NO_NODE || isExpected) throw codeError(code, asked);
      const awaited = await this.#watchAbsence(asked, deadline);
      if (awaited) return { node: null, watch: awaited };
    }
  }

  /** A watch on a node that is not there; undefined where it has come to be meanwhile. */
  async #watchAbsence(asked: Asked, deadline: number): Promise<Watch | undefined> {
    const { path } = asked;
    let watch: Watch | undefined;
    const { code } = await this.#requests.say({
      ...asked,
      deadline,
      send: (native, done) =>
        native.aw_exists(path, this.#connection.fired.node, (code) => {
          if (code === NO_NODE) watch = this.#connection.watches.add('node', path, watchedState('node', null));
          done(code);
        }),
    });
    if (code !== 0 && code !== NO_NODE) throw codeError(code, asked);
    return watch;
  }

  async watchChildren(asked: Asked, deadline: number): Promise<NodeChildren & { readonly watch: Watch }> {
    const { path } = asked;
    let watch: Watch | undefined;
    const { code, answer } = await this.#requests.say<WithStat<{ names: string[] | null }>>({
      ...asked,
      deadline,
      send: (native, done) =>
        native.aw_get_children2(path, this.#connection.fired.children, (code, _text, names, stat) => {
          if (code === 0) watch = this.#connection.watches.add('children', path, watchedState('children', stat));
          done(code, { stat: stat ?? undefined, names });
        }),
    });
    if (!watch || !answer) throw codeError(code, asked);
    return { children: (answer.names ?? []).sort(), stat: statOrFail(answer, asked), watch };
  }
}

function statOrFail(answer: WithStat | undefined, asked: Asked): Stat {
  if (!answer?.stat) throw codeError(0, asked);
  return toStat(answer.stat);
}

function nodeData(answer: WithStat<{ data: Buffer | null }>, asked: Asked): NodeData {
  return { data: answer.data ?? Buffer.alloc(0), stat: statOrFail(answer, asked) };
}

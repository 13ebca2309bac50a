/**
 * Writes a member's configuration before its first start and checks it before every start. What ZooKeeper has booted from is never
 * overwritten: an edited setting is told, a myid of another member is refused.
 */
import { randomBytes } from 'node:crypto';
import type { Engine } from '../engine/index.js';
import { ZkdError } from '../errors.js';
import type { WantedMember } from './members.js';
import type { EnsembleRecord } from './record.js';
import {
  checkConfiguration,
  CREDENTIAL_FILE,
  dataFiles,
  formatZooCfg,
  memberFiles,
  MYID,
  parseProperties,
  superCredential,
  updateZooCfg,
  WRITTEN_ZOO_CFG,
  ZOO_CFG,
  zooCfgFiles,
} from './zoo-cfg.js';

/** The super-user credential of an ensemble: one for all members, whoever writes first. */
export type Credential = () => Promise<string>;

/** Reads the credential from the first of these containers that has one, else makes a new one. Answers the same ever after. */
export function credentialFrom(engine: Engine, containers: () => readonly string[]): Credential {
  let known: Promise<string> | undefined;
  const find = async (): Promise<string> => {
    for (const id of containers()) {
      const found = (await engine.readFile(id, CREDENTIAL_FILE))?.toString('utf8').trim();
      if (found) return found;
    }
    return superCredential(randomBytes(24));
  };
  return () => (known ??= find());
}

export interface ConfigureRequest {
  readonly containerId: string;
  readonly member: WantedMember;
  readonly members: readonly WantedMember[];
  readonly record: EnsembleRecord;
  readonly credential: Credential;
  /** Its volumes are new, so there is nothing to read first. */
  readonly isNew: boolean;
}

/**
 * Makes sure the member can be started: writes what is missing and reads it back. Answers the keys somebody edited, if any.
 * Rejects with `refused` for a wrong myid, with `failure` where what was written does not come back.
 */
export async function configureMember(engine: Engine, request: ConfigureRequest): Promise<readonly string[]> {
  const { containerId, member, members, record } = request;
  const credential = await request.credential();
  const found = request.isNew ? undefined : await lookAt(engine, request, credential);
  if (found?.wrongMyid) throw wrongMyid(member, found.wrongMyid);
  // What ZooKeeper made of its configuration stays, but for what the settings have become. A standalone server never gets a dynamicConfigFile.
  if (found?.zooCfg !== undefined && (found.hasBooted || members.length === 1 || (!found.missing && found.edited.length === 0))) {
    const files = [...(found.missing ? dataFiles(member) : []), ...(found.update.changed.length > 0 ? found.updateFiles : [])];
    if (files.length > 0) await engine.writeFiles(containerId, files);
    return found.edited;
  }
  // Nothing, half a configuration, or another zkd's credential, in a member that never ran.
  await engine.writeFiles(containerId, memberFiles(member, members, record.settings, credential));
  // zoo.cfg is the last of the files: where it is there to its last byte, all of them are.
  const written = await engine.findFile(containerId, ZOO_CFG);
  if (!written && !(await engine.findContainer(containerId))) {
    throw new ZkdError('not-found', `The container of member ${member.id} is gone`, {
      details: { reason: 'no-such-container', member: member.id },
    });
  }
  if (written?.sizeBytes !== Buffer.byteLength(formatZooCfg(record.settings, members, credential))) {
    throw new ZkdError('failure', `The configuration of member ${member.id} is not there as it was written`, {
      details: { member: member.id },
    });
  }
  return [];
}

/**
 * Whether all that the member is to be started with is there, as the settings want it and as zkd wrote it: then `configureMember` need not
 * read it again while the member is down.
 */
export async function isConfigured(engine: Engine, request: ConfigureRequest): Promise<boolean> {
  const found = await lookAt(engine, request, await request.credential());
  return found.hasBooted && !found.wrongMyid && !found.missing && found.edited.length === 0 && found.update.changed.length === 0;
}

/** What is there of a member's configuration, and what the settings want changed in it. */
async function lookAt(engine: Engine, { containerId, member, members, record }: ConfigureRequest, credential: string) {
  const read = async (path: string): Promise<string | undefined> => (await engine.readFile(containerId, path))?.toString('utf8');
  const [zooCfg, written, myid] = await Promise.all([read(ZOO_CFG), read(WRITTEN_ZOO_CFG), read(MYID)]);
  const wanted = formatZooCfg(record.settings, members, credential);
  const update = updateZooCfg(zooCfg ?? '', written ?? wanted, wanted);
  const check = checkConfiguration({ zooCfg: zooCfg && update.text, myid }, { id: member.id, settings: record.settings, credential });
  return {
    ...check,
    zooCfg,
    update,
    updateFiles: zooCfgFiles(update.text, wanted),
    hasBooted: parseProperties(zooCfg ?? '').has('dynamicConfigFile'),
  };
}

function wrongMyid(member: WantedMember, myid: string): ZkdError {
  return new ZkdError('refused', `Member ${member.id} (${member.container}) holds the data of member ${myid}: /data/myid says ${myid}`, {
    details: { member: member.id, myid },
  });
}

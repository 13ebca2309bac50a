/** The container of a balancer: made, started, replaced. What fails leaves behind what was there before. */
import type { ContainerState, Engine } from '../engine/index.js';
import { chooseImage } from '../cluster/index.js';
import { hasReason, messageOf, ZkdError } from '../errors.js';
import { awaitAnswer } from './await-answer.js';
import { balancerContainer, balancerFiles, type BalancerFiles } from './container-spec.js';
import { DEFAULT_IMAGE, IMAGE_VERSION_LABEL, successorName } from './names.js';
import { asBalancer, type Balancer } from './observe.js';
import { formatPublication, type BirthSettings, type Publication } from './settings.js';
import type { UpContext, UpRequest } from './up-request.js';

/** How long the old container may finish what it has under way while it is replaced. */
const GRACE_MS = 5000;

export interface Wanted extends BalancerFiles {
  readonly name: string;
  readonly birth: BirthSettings;
}

/** Makes the container and starts it. Removed again where that fails, or is interrupted. Answers its id. */
export async function createBalancer({ name, birth, ...files }: Wanted, request: UpRequest, context: UpContext): Promise<string> {
  const { engine, signal } = context;
  const imageId = await imageFor(birth.image, request, context);
  signal.throwIfAborted();
  const id = await engine.createContainer(balancerContainer(name, birth, imageId));
  try {
    await engine.writeFiles(id, balancerFiles(files));
    signal.throwIfAborted();
    await startBalancer(engine, id, birth.publish);
    await awaitAnswer(engine, name, id, { timeoutMs: request.timeoutMs, signal });
    return id;
  } catch (error) {
    await engine.removeContainer(id, { force: true, anonymousVolumes: true }).catch(() => undefined);
    throw error;
  }
}

async function imageFor(wanted: string, { given, pull }: UpRequest, { engine, signal, observer }: UpContext): Promise<string> {
  let step: string | undefined;
  const end = (outcome: 'done' | 'failed'): void => {
    if (step !== undefined) observer.end(step, outcome);
    step = undefined;
  };
  try {
    const { id } = await chooseImage(engine, {
      // One that an earlier `up` was given is not replaced by another one either.
      given: given.image ?? (wanted === DEFAULT_IMAGE ? undefined : wanted),
      preset: { reference: DEFAULT_IMAGE, versionLabel: IMAGE_VERSION_LABEL },
      pull,
      signal,
      suggestions: ['zkd lb up SERVICE --image REFERENCE', 'In a clone of zkd: bin/setup --yes'],
      onPull: (reference) => observer.start((step = `pull image ${reference}`)),
      caution(text) {
        end('failed');
        observer.caution(text);
      },
    });
    end('done');
    return id;
  } catch (error) {
    end('failed');
    throw error;
  }
}

export async function startBalancer(engine: Engine, id: string, publish: Publication | null): Promise<void> {
  try {
    await engine.startContainer(id);
  } catch (error) {
    if (publish && /cannot assign requested address/i.test(messageOf(error))) {
      throw new ZkdError('usage', `${publish.address} is no address of the engine's host`, {
        cause: error,
        suggestions: [`--publish ${publish.port}`],
      });
    }
    if (!hasReason(error, 'port-taken') || !publish) throw error;
    throw new ZkdError('conflict', `Port ${formatPublication(publish)} is taken`, {
      cause: error,
      suggestions: ['The same command with another --publish'],
      details: { reason: 'port-taken', address: publish.address, port: publish.port },
    });
  }
}

/**
 * Puts another container in its place. Where both publish one port the old one ends before the new one starts, after what it has under way; else
 * when the new one answers. Answers the new id.
 */
export async function replaceBalancer(old: Balancer, wanted: Wanted, request: UpRequest, context: UpContext): Promise<string> {
  const { engine } = context;
  const [before, after] = [old.birth.publish, wanted.birth.publish];
  const isPortShared = before !== null && before.port === after?.port;
  const wasUp = isUp(old.container.state);
  const successor = { ...wanted, name: successorName(wanted.name) };
  if (isPortShared && wasUp) await engine.stopContainer(old.container.id, { timeoutMs: GRACE_MS });
  let id: string;
  try {
    id = await createBalancer(successor, request, context);
  } catch (error) {
    if (isPortShared && wasUp) await engine.startContainer(old.container.id);
    throw error;
  }
  if (!isPortShared && wasUp) await engine.stopContainer(old.container.id, { timeoutMs: GRACE_MS });
  await engine.removeContainer(old.container.id, { force: true, anonymousVolumes: true });
  await engine.renameContainer(id, wanted.name);
  return id;
}

export const isUp = (state: ContainerState): boolean => state === 'running' || state === 'paused' || state === 'restarting';

/** Ends what an `up` that was killed in the middle of a replacement has left: the new one takes the place where the old one is gone, else goes. */
export async function settleReplacement(engine: Engine, name: string, service: string): Promise<void> {
  const found = await engine.findContainer(successorName(name));
  const successor = found && asBalancer(found);
  if (successor?.birth.service !== service) return;
  if (await engine.findContainer(name)) await engine.removeContainer(successor.container.id, { force: true, anonymousVolumes: true });
  else await engine.renameContainer(successor.container.id, name);
}

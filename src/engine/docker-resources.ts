/**
 * Images, networks and volumes between our words and a Docker engine's JSON. Pure.
 * Takes structural types of its own, with everything optional that some engine version leaves out.
 * Formats: Docker Engine API 1.41.
 */
import type { ImageSummary, LabelFilter, Labels, NetworkSpec, NetworkSummary, VolumeSummary } from './engine.js';
import { utc, variable } from './docker-containers.js';

type Nullable<T> = T | null | undefined;

/** `GET /images/{name}/json`, and an entry of `GET /images/json`. */
export interface DockerImage {
  readonly Id: string;
  readonly RepoTags?: Nullable<readonly string[]>;
  readonly RepoDigests?: Nullable<readonly string[]>;
  /** Seconds in a list, a text in an inspection; absent where the image does not say. */
  readonly Created?: Nullable<number | string>;
  readonly Labels?: Nullable<Labels>;
  readonly Config?: Nullable<{ Labels?: Nullable<Labels>; Env?: Nullable<readonly string[]> }>;
}

/** An entry of `GET /networks`, and `GET /networks/{id}`. */
export interface DockerNetwork {
  readonly Id: string;
  readonly Name: string;
  readonly Created: string;
  readonly Driver: string;
  readonly Labels?: Nullable<Labels>;
  readonly Containers?: Nullable<Record<string, { Name?: string }>>;
}

/** An entry of `GET /volumes`. */
export interface DockerVolume {
  readonly Name: string;
  readonly CreatedAt?: string;
  readonly Labels?: Nullable<Labels>;
}

/** An image in our words. */
export function imageSummary({ Id, RepoTags, RepoDigests, Created, Labels: listed, Config }: DockerImage): ImageSummary {
  const references = [...(RepoTags ?? []), ...(RepoDigests ?? [])].filter((reference) => !reference.includes('<none>'));
  const createdAt = typeof Created === 'number' ? new Date(Created * 1000).toISOString() : utc(Created ?? '');
  const env = Config?.Env ? { env: Object.fromEntries(Config.Env.map(variable)) } : {};
  return { id: Id, references, labels: listed ?? Config?.Labels ?? {}, createdAt, ...env };
}

/** A network in our words. */
export function networkSummary({ Id, Name, Created, Driver, Labels: labels }: DockerNetwork): NetworkSummary {
  return { id: Id, name: Name, labels: labels ?? {}, createdAt: utc(Created), driver: Driver };
}

/** A volume in our words. */
export function volumeSummary({ Name, CreatedAt, Labels: labels }: DockerVolume): VolumeSummary {
  return { name: Name, labels: labels ?? {}, createdAt: utc(CreatedAt ?? '') };
}

/** The body that creates a network. */
export function networkBody({ name, labels, subnet }: NetworkSpec): Record<string, unknown> {
  return {
    Name: name,
    Driver: 'bridge',
    Labels: labels ?? {},
    ...(subnet === undefined ? {} : { IPAM: { Config: [{ Subnet: subnet }] } }),
  };
}

/** The `filters` parameter of a listing; undefined where nothing is filtered. */
export function filters(labels: LabelFilter | undefined, more: Readonly<Record<string, readonly string[]>> = {}): object | undefined {
  const label = Object.entries(labels ?? {}).map(([key, value]) => (value === true ? key : `${key}=${value}`));
  const all = { ...more, ...(label.length > 0 && { label }) };
  return Object.keys(all).length > 0 ? all : undefined;
}

/**
 * The query that pulls exactly one image: without a tag the engine would pull every tag there is.
 * A digest beats a tag beside it.
 */
export function pullQuery(reference: string): { fromImage: string; tag: string } {
  const [name = '', digest] = reference.split('@');
  const colon = name.indexOf(':', name.lastIndexOf('/') + 1);
  const fromImage = colon === -1 ? name : name.slice(0, colon);
  return { fromImage, tag: digest ?? (colon === -1 ? 'latest' : name.slice(colon + 1)) };
}

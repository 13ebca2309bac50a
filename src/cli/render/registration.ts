/** Registered containers. */
import type { Registration, RegistrationEvent } from '../../registry/index.js';
import { formatServer } from '../../zookeeper/index.js';
import type { Style } from '../style.js';
import type { ListView } from './list.js';

const place = ({ address, port }: Registration): string =>
  address === null ? '-' : port === null ? address : formatServer({ host: address, port });

/** In the largest unit of which there is one at least, rounded down. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const units = [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
  ] as const;
  const [unit, size] = units.find(([, least]) => seconds >= least) ?? ['s', 1];
  return `${Math.floor(seconds / size)}${unit}`;
}

/** What keeps it from being used, in a word or two. */
export function noteOf({ problem, stale, usable, container }: Registration): string {
  if (problem !== null) return `record ${problem}`;
  if (stale) return 'stale';
  if (usable) return '';
  return container?.health === 'unhealthy' || container?.health === 'starting' ? container.health : 'out of service';
}

function coloured(registration: Registration, style: Style): string {
  const note = noteOf(registration);
  if (note === '') return '';
  return registration.stale || registration.problem !== null ? style.bad(note) : style.warning(note);
}

export const registrationList = (style: Style, now: Date): ListView<Registration> => ({
  name: ({ service, id }) => `${service}/${id}`,
  columns: [
    { title: 'SERVICE', cell: ({ service }) => service },
    { title: 'ID', cell: ({ id }) => id },
    { title: 'ADDRESS', cell: place },
    { title: 'CONTAINER', cell: ({ container }) => container?.name ?? '-' },
    { title: 'IMAGE', cell: ({ container }) => container?.image ?? '-' },
    { title: 'STATE', cell: ({ container }) => container?.state ?? '-' },
    { title: 'HEALTH', cell: ({ container }) => container?.health ?? '-' },
    { title: 'AGE', cell: ({ registeredAt }) => formatAge(now.getTime() - Date.parse(registeredAt)) },
    { title: 'FORMAT', wide: true, cell: ({ format }) => format },
    { title: 'SESSION', wide: true, cell: ({ session }) => session ?? '-' },
    { title: 'HOST', wide: true, cell: ({ container }) => container?.host ?? '-' },
    { title: 'TAGS', wide: true, cell: ({ tags }) => tags.join(',') || '-' },
    { title: 'NOTE', cell: (registration) => coloured(registration, style) },
  ],
});

/** One of them, a fact a line. */
export function renderRegistration(registration: Registration, style: Style): string {
  const { container, tags, metadata, session } = registration;
  const facts: readonly (readonly [string, string])[] = [
    ['Service', registration.service],
    ['Id', registration.id],
    ['Name', registration.name],
    ['Address', place(registration)],
    ['Path', registration.path],
    ['Format', registration.format],
    ['Session', session ?? 'none: it outlives whoever wrote it'],
    ['Registered', registration.registeredAt],
    ['Weight', String(registration.weight)],
    ['Tags', tags.join(', ') || '-'],
    [
      'Metadata',
      Object.entries(metadata)
        .map(([key, value]) => `${key}=${value}`)
        .join(', ') || '-',
    ],
    ['Container', container ? `${container.name} (${container.id.slice(0, 12)}) on ${container.host}` : '-'],
    ['Image', container?.image ?? '-'],
    ['State', container?.state ?? '-'],
    ['Health', container?.health ?? '-'],
    ['Note', coloured(registration, style) || '-'],
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  return facts.map(([name, value]) => `${style.faint(name.padEnd(width))}  ${value}`).join('\n');
}

const LOOKS = { up: 'good', changed: 'warning', down: 'bad' } as const;

/** What happened to one, in a line. */
export function renderRegistrationEvent({ type, time, registration }: RegistrationEvent, style: Style): string {
  const { service, id } = registration;
  const facts = [place(registration), ...(type === 'down' ? [] : [noteOf(registration)])].filter((fact) => fact !== '' && fact !== '-');
  return `${style.faint(time)} ${style[LOOKS[type]](type.padEnd(7))} ${service}/${id}${style.faint(`  ${facts.join(', ')}`)}`.trimEnd();
}

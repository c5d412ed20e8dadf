/**
 * RabbitMQ 4.3 where the system has none or an older one: from Debian's next release, with everything that it runs on down
 * to the C library, in a folder of the machine's temporary one. Its programs run with that folder as their root, which takes
 * namespaces of the kernel and no administrator; nothing of the system is changed.
 */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { nodesFrom } from './nodes.ts';

/** By name and not “testing”, which will be the one after it. */
const RELEASE = 'forky';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
/** Beside the server and what it depends on, the tools that its start scripts take for granted. */
const PACKAGES = ['rabbitmq-server', 'base-files', 'dash', 'coreutils', 'sed', 'grep', 'gawk', 'hostname'];
const NAMESPACES = ['--map-root-user', '--mount'];

/** `sh -c ENTER sh ROOT FOLDER PROGRAM …`: the folder is in the root by the same path. */
const ENTER = `set -e
root=$1 folder=$2
shift 2
for system in /proc /dev; do mount --rbind "$system" "$root$system"; done
mkdir -p "$root$folder"
mount --bind "$folder" "$root$folder"
exec chroot "$root" "$@"`;

export const debianStarter = nodesFrom({
  way: 'debian',

  missing() {
    const absent = ['apt-get', 'dpkg-deb', 'unshare'].filter((name) => !answers(name, ['--version']));
    if (absent.length > 0) return absent.join(' and ');
    if (mirror() === null) return 'a mirror of Debian among the sources of apt';
    return answers('unshare', [...NAMESPACES, 'true']) ? null : 'a kernel that lets a user have namespaces';
  },

  async ready() {
    const root = await system();
    return (folder, program, args) => [
      'unshare',
      ...NAMESPACES,
      'sh',
      '-c',
      ENTER,
      'sh',
      root,
      folder,
      program,
      ...args,
    ];
  },
});

function answers(command: string, args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}

/** @returns the mirror that the machine's own apt takes Debian from, or null */
function mirror(): string | null {
  const listed = execFileSync(
    'apt-get',
    [
      'indextargets',
      '--no-release-info',
      '--option=APT::Get::IndexTargets::Filtered=false',
      '--format=$(REPO_URI)',
      'Created-By: Packages',
    ],
    { encoding: 'utf8', stdio: 'pipe' },
  );
  return listed.split('\n').find((uri) => /^https?:.*\/debian\/?$/.test(uri)) ?? null;
}

/**
 * @returns the folder of the system, made the first time
 * @throws Error with what apt printed
 */
async function system(): Promise<string> {
  const folder = join(tmpdir(), `brokerbook-debian-${RELEASE}`);
  if (existsSync(folder)) return join(folder, 'root');
  console.log(`RabbitMQ: taking it from Debian ${RELEASE}, with what it needs, into ${folder} …`);
  const unfinished = `${folder}.${process.pid}`;
  try {
    await unpack(unfinished);
    // Another process may have been quicker.
    if (!existsSync(folder)) renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return join(folder, 'root');
}

async function unpack(folder: string): Promise<void> {
  const apt = join(folder, 'apt');
  const root = join(folder, 'root');
  for (const path of ['lists/partial', 'archives/partial']) mkdirSync(join(apt, path), { recursive: true });
  mkdirSync(root);
  writeFileSync(join(apt, 'status'), '');
  // A mirror may be behind: what is signed is taken, whenever it was signed.
  const trust = `[check-valid-until=no${existsSync(KEYRING) ? ` signed-by=${KEYRING}` : ''}]`;
  writeFileSync(join(apt, 'sources.list'), `deb ${trust} ${mirror()} ${RELEASE} main\n`);
  const setting = {
    'Dir::Etc::sourcelist': join(apt, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::Etc::preferences': '/dev/null',
    'Dir::Etc::preferencesparts': '/dev/null',
    'Dir::State': apt,
    // None of what the system has is there.
    'Dir::State::status': join(apt, 'status'),
    'Dir::Cache': apt,
    'Acquire::Languages': 'none',
    'APT::Sandbox::User': '',
    'APT::Install-Recommends': 'false',
  };
  const options = Object.entries(setting).map(([name, value]) => `--option=${name}=${value}`);
  const run = promisify(execFile);
  await run('apt-get', [...options, 'update']);
  await run('apt-get', [...options, '--yes', '--download-only', 'install', ...PACKAGES]);
  for (const file of globSync(join(apt, 'archives', '*.deb')).sort())
    await run('dpkg-deb', ['-x', file, root]);
  rmSync(apt, { recursive: true });
  writeFileSync(join(root, 'etc/hosts'), '127.0.0.1 localhost\n');
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\n');
}

//! Names of miners, and names under which they hide.

const MINERS: &[&[u8]] = &[
    b"xmrig",
    b"xmrig-proxy",
    b"xmrig-notls",
    b"xmr-stak",
    b"xmr-stak-rx",
    b"xmrigDaemon",
    b"minerd",
    b"cpuminer",
    b"cpuminer-multi",
    b"cpuminer-opt",
    b"ccminer",
    b"cgminer",
    b"bfgminer",
    b"sgminer",
    b"ethminer",
    b"EthDcrMiner64",
    b"PhoenixMiner",
    b"nbminer",
    b"lolMiner",
    b"teamredminer",
    b"nanominer",
    b"SRBMiner-MULTI",
    b"bzminer",
    b"kawpowminer",
    b"onezerominer",
    b"hellminer",
    b"nheqminer",
    b"minergate-cli",
    b"c3pool_miner",
    b"moneroocean_miner.sh",
    b"xmr-node-proxy",
    b"xmrig-cuda",
    b"t-rex",
    b"rigel",
    b"miniZ",
    b"z-enemy",
    b"wildrig-multi",
    b"astrominer",
    b"dero-miner",
    b"spectre-miner",
    b"aleo-miner",
    b"qli-Client",
    b"honeyminer",
    b"randomx-stress",
    b"packetcrypt",
];

/// Programs that come in builds for many processors: `cpuminer-avx2`.
const FAMILIES: &[&[u8]] = &[b"cpuminer-", b"xmrig-", b"xmr-stak-", b"ccminer-", b"SRBMiner"];

/// Threads of the kernel: they have no file, so a program of such a name hides.
const THREADS: &[&[u8]] = &[
    b"kworker",
    b"kswapd",
    b"kthreadd",
    b"ksoftirqd",
    b"kdevtmpfs",
    b"khugepaged",
    b"kcompactd",
    b"kblockd",
    b"kintegrityd",
    b"kauditd",
    b"khungtaskd",
    b"oom_reaper",
    b"kthrotld",
];

const MASKS: &[&[u8]] = &[
    b"kdevtmpfsi",
    b"kthreaddi",
    b"kthreaddk",
    b"ksoftirqds",
    b"kworkerds",
    b"kworkers",
    b"kswapd0",
    b"kinsing",
    b"sysupdate",
    b"sysguard",
    b"networkservice",
    b"watchbog",
    b"watchdogs",
    b"ddgs",
    b"dbused",
    b"dbusex",
    b"perfctl",
    b"perfcc",
    b"perfclean",
    b"wizlmsh",
    b"pamdicks",
    b"kaudited",
    b"gpg-agentd",
    b"phpguard",
    b"phpupdate",
    b"bioset",
    b"sysrv",
    b"tsm32",
    b"tsm64",
    b"javae",
    b"perfkill",
    b"libgcwrap.so",
    b"libprocesshider.so",
    b"libioset.so",
    b"systemd-network.sh",
    b"newinit.sh",
    b"network01",
    b".diicot",
    b"bashirc",
];

/// Whether a file of this name is a miner.
pub(super) fn is_miner(name: &[u8]) -> bool {
    let starts =
        |family: &&[u8]| name.get(..family.len()).is_some_and(|start| start.eq_ignore_ascii_case(family));
    MINERS.iter().any(|miner| name.eq_ignore_ascii_case(miner)) || FAMILIES.iter().any(starts)
}

/// Whether miners have hidden behind this name: it mimics a kernel thread or a service.
pub(super) fn is_mask(name: &[u8]) -> bool {
    MASKS.contains(&name) || is_thread(name) || is_bracketed(name)
}

/// Written as `ps` writes what has no command line: `[kworker:0-events]`, `[jbd2]`.
fn is_bracketed(name: &[u8]) -> bool {
    let inner = name.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]"));
    inner.is_some_and(|inner| inner.len() >= 3 && inner.first().is_some_and(u8::is_ascii_lowercase))
}

/// A thread's name, with at most a number or a letter behind: `kswapd0`, `kworkerds`, `[kthreaddi]`.
fn is_thread(name: &[u8]) -> bool {
    let name = name.strip_prefix(b"[").unwrap_or(name);
    THREADS
        .iter()
        .any(|thread| name.strip_prefix(*thread).is_some_and(|rest| rest.len() <= 2 && !rest.contains(&b'.')))
}

/// The name of a miner or a mask that `line` runs, as a whole word that is a program.
pub(super) fn started_by(line: &[u8]) -> Option<&[u8]> {
    let words = line.split(|byte| byte.is_ascii_whitespace() || b";&|()'\"=`".contains(byte));
    words
        .filter(|word| word.starts_with(b"/") || word.starts_with(b"./") || word.starts_with(b"~"))
        .filter_map(|word| word.rsplit(|&byte| byte == b'/').next())
        .find(|name| is_miner(name) || is_mask(name))
}

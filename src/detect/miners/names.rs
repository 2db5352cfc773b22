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
];

/// Whether a file of this name is a miner.
pub(super) fn is_miner(name: &[u8]) -> bool {
    MINERS.iter().any(|miner| name.eq_ignore_ascii_case(miner))
}

/// Whether miners have hidden behind this name: it mimics a kernel thread or a service.
pub(super) fn is_mask(name: &[u8]) -> bool {
    MASKS.contains(&name)
}

/// The name of a miner or a mask that `line` runs, as a whole word that is a program.
pub(super) fn started_by(line: &[u8]) -> Option<&[u8]> {
    let words = line.split(|byte| byte.is_ascii_whitespace() || b";&|()'\"=`".contains(byte));
    words
        .filter(|word| word.starts_with(b"/") || word.starts_with(b"./") || word.starts_with(b"~"))
        .filter_map(|word| word.rsplit(|&byte| byte == b'/').next())
        .find(|name| is_miner(name) || is_mask(name))
}

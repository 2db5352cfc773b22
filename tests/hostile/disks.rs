//! Partition tables, image formats, and what lies beside the disk.

use std::fs;

use crate::lab::{KEY, Lab, audit_image};

/// A disk with one ext4 at 1 MiB, and an MBR that counts in sectors of this size.
fn disk(lab: &Lab, sector: u32) -> std::path::PathBuf {
    let inner = fs::read(lab.ext4("16M")).unwrap();
    let mut disk = vec![0; 1 << 20];
    disk.extend(inner);
    disk.extend(vec![0; 1 << 20]);
    disk[446..454].copy_from_slice(&[0x80, 0, 2, 0, 0x83, 0xff, 0xff, 0xff]);
    disk[454..458].copy_from_slice(&((1 << 20) / sector).to_le_bytes());
    disk[458..462].copy_from_slice(&((16 << 20) / sector).to_le_bytes());
    disk[510..512].copy_from_slice(&[0x55, 0xaa]);
    let image = lab.beside("mbr.img");
    fs::write(&image, disk).unwrap();
    image
}

#[test]
fn an_mbr_counts_in_the_sectors_in_which_its_partitions_begin_with_a_file_system() {
    for sector in [512, 1024, 2048, 4096] {
        let lab = Lab::new();
        lab.file("srv/app.conf", KEY);
        let report = audit_image(&disk(&lab, sector));
        assert_eq!((report.subject.layout.as_str(), report.subject.sector), ("MBR", sector));
        let volumes: Vec<_> =
            report.volumes.iter().map(|volume| (volume.partition, volume.content.as_str())).collect();
        assert_eq!(volumes, [(Some(1), "ext4")], "{sector}");
        assert_eq!(report.losses().count(), 0, "{sector}: {:?}", report.gaps);
        let with_secret = |finding: &&assay::finding::Finding| !finding.evidence.secrets.is_empty();
        let paths: Vec<_> =
            report.findings.iter().filter(with_secret).map(|f| f.location.path.clone()).collect();
        assert_eq!(paths, [b"/srv/app.conf"], "{sector}");
    }
}

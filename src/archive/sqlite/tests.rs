use std::ops::ControlFlow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;

/// Made by SQLite 3.40 with pages of 512 bytes: 60 short rows and one that needs overflow pages, a table
/// without row numbers, an index. Base64 of gzip.
const UTF8: &str = "H4sIAAAAAAACA+2aXWwUVRTHz+n2Gwr9ZFkK7AUKtNCPmXtndmZLIhasiciHaCUmGsm2u8BKuwvLAi2g0eiTPKBBJTHxhURR\
     w6smRtDEJxONEUOi0agPJhoMfr0QEk10Ztt7OZSDiNFEy56ks+1v/jN77v/cOXe2O/dt3ZgtZsSOfGEsVRQKKgARbhcCACqD\
     n1a4EpEppgPhxlEJvSPYEB6MzYAncWPw8h8PP1IdjUVxSzaXzowPT2wfGUvn8sXMvsr19w4ODA2KuzbfMfiAmNwh8jlR2tkZ\
     /NE1VFETjUbxiZpiang0syeVLewrbSJTRw4NrNs4KEpIdO4Wxcx4UewpZMdShQmxOzPRLQ6UWJc4mC3uyu8vikL+YDb9EE6e\
     NVo6a+ndSpuKq85aQqIzmxbZXDGzM1O4+sxhruG5u0VOFDKp0W4xLIZH88NdVWGR8GI48Nn4K17CXyb/KMeMjHov2NR1BZvq\
     9mBT1VARXsh4IdzXOvlSjpkaLc2RWDxoB5a0DqRG92dEj7TC+lfgh+HuWfjt5C/l+N9GbVukD0fyY2OpXFrk9o8NBwuB4/UF\
     e2qYPdJfGK7Nc6AX8Gt8B1/CI/gg9mMMLsOn8CY8BwW4J9hpQjRUQV9N47TT2GrtZX1PIGazCkkUs1iFTRT1rMK6oojXVUHP\
     NYokEdRyAp8IajiBRwTVnCBBBFWcwCWCSk7gEEGEExAz4xWcgHgZR05ArIwDJyBOTta/A/ArPIMv4jhuQye4R/sZPoLT8DTs\
     gjuhQ7Rz9ZDELLGAVRC3RIxVELvEfFZB/BJRVkFn3zxWQWdfG6ugs6+VVRDPRAs7P8n0E82sgsw/0cQqqKeNrIJ6OpdVUE/n\
     sAriaX2waQMP8CJ+hu/haXwBH8dHcAhvw85gHvwG38E5eBtehmMwASOwCbzScVwz8do5mljAUTfGUWc+R1WUo3IeR+02jlqt\
     rZGea2gFI7WTLRz1mznqNXE00chRdy5HnTkcVQ0clbM5as/iqFXfEumpm04DVju9E9TjQPAhL4nwLL4LhyEDW3A1tsHv+D2e\
     hyRcgPNwFl/D4/gonMKduDWQw/VmgPJXcFQKjtpxjlqLufolF3HLmtPNUasTmGI7ldy7JVdy1F3GUWcpR9WSwIpGugJzOSV6\
     Oer2cFSt5qhcxVG7ixmqinCJess5muj4S/2/i+siDu2ZnayC9syVnELRnrmCVdCeuZxV0J7ZwSpoz1zGKmjPXMoq6Dq0hFXQ\
     dUiwCroOxVkF9XQxq6CeLmJXKurpQlbh3+T673FncalnCVZBPXNZBfXMYRXUM8UqqGeSVVDPbHamUs8sVkHnYR+roPOwl1XQ\
     edjDKqin3ayCerqaVVBPV7EKSdf/T6AZfIAz8Ao+Bs/AIUjDZvCxNVwBgs8Er2I2uBtYi6uCO4EgRvLXbXOuk+CocjkqHY7a\
     iqOW5Jpf0uaob+Hx4IZmehzdU3liBEfzuZ1i/E8j0HKrr+t6TKtN1jHQr2WgV8PARDUD3arSHdn04HJKruGo389RL8nRhB9e\
     /1W44cr1v6H8IfrvxdFD6Wo4MQKLbzjLwlsGsYbtVLQP9bMK2oeSrIL2IZ9VkD4Utv/xctyyEdR/btmFW7r+UHZhJoTIBB0+\
     v0Nki+mbW7iayt7d0td/c9mFcv8vx0xaAcJHO0rPe9z4gYDSQz7HAH/CL/EDfAtP4fP4JO7F7bgJ+3EltiLCj/AFvA9vwMlA\
     eASysA3WX32Wc//Uhyj9DbWdnPqG2k4a5GvkG+Rp5BmU0ChhkKuRa5CjkWOQ0kgZJDWSBtka2QbpL9NtqykSWxQiS2efNEQn\
     7xuic/cM0aknDNGZu4boxB1DdN7KEJ22NMRk3RiJtZfIVNJWPR6GFvABd+H9uA77cCHWwSX4Bj6Gs/A6nICnYC88DHeDjz/g\
     5+GhqpS4Hr3Sw1CmBEqPQ5kSKD0QZUqg9EiUKYEyQzElUHosypRA6cEoUwKlS6As84iDLoE0E0jqGkgzgaTOXprspc5emuyl\
     zl6a7KXOXprspc5emuylqYTJXurspR1M9+3/4v8jjDnaCWWcUNoJ5f8BedGjJQAoAAA=";
/// The same with `pragma encoding = 'UTF-16le'`.
const UTF16: &str = "H4sIAAAAAAACA+1bS2wVVRj+/t6WPmih5VGg9DG3D6DQx53XvTPgk4fEhJqgQDSYGEov0EKpKRcsxhjLUhfGFUl9BHVhMCQk\
     hoULV6yMicjGBcS4YOPGRFloTNz4z9zWzjlDe/8WF8idM+nc03O+79x//m++M2fuvfPSwQOjhbxxYmJy/FjBsFEBIjxjGAAq\
     +S94nSup2ba5UoHSpRIDx6lqHl2FpDxSJRBkBd0Lqk30N/1J9+lX+qXYkJTHpKx2edfQx7v6Lt7VtfCuuilQviawZQXdCFAG\
     3S1WkvLIl450qsc8jTwuIgMLWVzAMZzBeW4x0B+2cGmPokzYGipoCfSvpCMBupF+pGs0XfwnKQ9ZVm1JHaTjmMA4b8dwFiOc\
     87Oc+3EMc/4n+T+X8x84c2VpqMNi9TK0tjs1VAJqhxfqmtJjmvCxtiG8sD8FGsKX/LLEMpaqTvekabppNHyHPKZ49It4Dcf5\
     fUa4bQIFbj2Hyj14EfvwLA7x3sDzeAF7ufYy16MEgwlnw0DniNtme3oxbVRUp9NpukQFPqBhPo/zeJ1ro3ww5yK1lPpWh7i2\
     GwfC+jzI4IFP874QxlwI+ya5L8jVJAdkoGibPq5diOB6uf4G4wo4xSGeD5mTXAvaRjCdoWKI6fkQ5w9lvlaxcIjzoCDE0TAn\
     QXKDtpOzwi0c6lwW58LtC0cMQsyHzu8L822EoU3wvheB/rXYD/qBPqFxeoJW4i6uMnn/kk6EwZoqDFU3Ln7CeXj6r1k8DVYL\
     CLkoYYWAkI0SqgQEN0qoFBCcKCElINhRQoWAYEUJJCCYUQIEhEyEUNQ/F+j/EY1SllK4jY8xxk2LFbOpCgdLBxYV0GwUUaIS\
     mqtFlKiI5ioRJSqj2SCiRIU060WUqJTmShElKqZZJ6JE5RysFejvRwh1wfUHr4B+oq/pAxqjPdSKP3ALX+AdbrYeqP5WwYwg\
     uf54WCOB5dAkgWXRKIG5WC2BOZIreHBWNEhgFuolMFOyFggUr+tKDdWWgjGmptRMUNT/MHAf3+FzvEXNOExf0Xs0Qk/SHQbE\
     S89/oL3F+d0ogVlolsBMrJfAMlhXegFloUIylo0NEpiHVgksh80SWBYtEpiLTRKYj7bi/O+CvqcZOkkOEXv/Q17duIvN/i2C\
     iclSp/JNIooylW8UUZSpfIOIokzlzSKKMpWvF1GUqXydiBKdys21otk/Opmba0QUT5v/6zEAvEl3/vV9M37Dt/iUp4WBpRrb\
     4WPYVtpjDipLj2XzWO0SmI+tEpiHLRJYDj0SWBbdEpiLLgnMQacEZiMtgVkwJDATHcvzf5fgPLNVM3eKKIqZ0yKKYmZDRFHM\
     3CGiKGZuF1EUM7eJ/K+YuVVEiZrZ3Cyi5GLr/6Xq3yd4H0cVc4eIooi5XURRxOwVURQxt4koiphbRforYm4RURQxe0QU5Rar\
     W0TJPmD+j83+vBZczvzvBldkCYyXzhJYBlbpq4mLKsmVyYcpgXnISGA5DEpgWQxIYC76JTAHfRKYjR0SmIXty/O/KzjPXNXM\
     joiimNkWURQzWyKKYmZT5H/FzBkRRTHzoIiimHlARFEW2f0iiqv4/zbf/znAVVzCUWrnez6HbtD7NEb7+J5wmbd3LudrlwSW\
     hSeBuchJYE74tUd60XvTy0crr/t0Jvyg+SSzphbcIPl0giODX3qG8iWf3HuoKQ3Kobo0KIsVktA97Az8X40rqv+vPDpfo1zO\
     j6zAdR/tpRUDNpq7RP5XzLxTRFHM7Isoipk9EUUxc05EURbZWRElui7jv7WLeCDZHvcNWJdkoaz1X59koaz1b06yUNb6b0iy\
     UNb6I8nC/24zwl8WFX8wdSL8iVCB/1te2ZTks6z935Jkoaz135xkoaz1b02yUNb6tyVZSNb/yfYY3AEMn5kYNgr5qYJ88R98\
     /9+AV0H36CZ9RpdomHZTJ1XgHm7iCt7mrp0Lkk8sPrb69JEVe/rI0hBmDGFqiEwMkUFHqqd/DpGBryF8rd/T+j2tP6f157R+\
     /UmrrNbvav2u1u9o/Y7Wrz+jZWv9VuxJL7U/nsO2VE/vfL+aweLvf+txCjRDDq3B77iFa3gXp2iKjtDP9E34OoO9D/s9nvq8\
     mhk7ClNDZGKIjHYu+LEj9TWEF0N4GiIXQ+Q0RDaGyGoIN4ZwtWOxY8dia4i4qro3nNi7ONoYbmwMPQ4nhnBQR1Ps/26wyor+\
     eA7dof4zeWUUO5YRW8uIHYvE1iKxY5HY2tHYD/CBrSGsGMLSEGYMYWqITAyR0XLmx3LmawgvhvA0RC6GCB+u6ZQ7xo7FYWtx\
     2LE4bC0OOxZH0PIPESeTSgBAAAA=";

fn unpack(packed: &str) -> Vec<u8> {
    let bytes = STANDARD.decode(packed).unwrap();
    let mut database = Vec::new();
    flate2::read::GzDecoder::new(bytes.as_slice()).read_to_end(&mut database).unwrap();
    database
}

fn read(bytes: &[u8]) -> (Vec<(String, String)>, Result<(), ArchiveError>) {
    let budget = Budget::default();
    let spent = UnpackMeter::new(bytes.len() as u64, &budget);
    let mut found = Vec::new();
    let result = members(&mut &bytes[..], &budget, &spent, &mut |member| {
        let mut text = Vec::new();
        member.content.read_to_end(&mut text).unwrap();
        let name = String::from_utf8_lossy(member.name.unwrap()).into_owned();
        found.push((name, String::from_utf8_lossy(&text).into_owned()));
        ControlFlow::Continue(())
    });
    (found, result)
}

#[test]
fn every_row_of_every_table_is_a_line() {
    for packed in [UTF8, UTF16] {
        let (found, result) = read(&unpack(packed));
        assert!(result.is_ok(), "{result:?}");
        assert_eq!(found.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["notes", "pairs"]);
        let notes: Vec<&str> = found[0].1.lines().filter(|line| line.contains("command number")).collect();
        assert_eq!(notes.len(), 60);
        assert!(notes[59].starts_with("\tcommand number 59\t"), "{}", notes[59]);
        let long = format!("\tlong {} end of it\t\tblob text", "x".repeat(1500));
        assert!(found[0].1.lines().any(|line| line == long));
        let mut pairs: Vec<&str> = found[1].1.lines().collect();
        pairs.sort_unstable();
        assert_eq!((pairs.len(), pairs[0], pairs[39]), (40, "key000\tvalue 0", "key039\tvalue -39"));
    }
}

#[test]
fn a_cut_database_is_damaged_and_gives_what_it_has() {
    let whole = unpack(UTF8);
    let (found, result) = read(&whole[..whole.len() / 2]);
    assert!(matches!(result, Err(ArchiveError::Damaged { .. })));
    assert!(found.iter().any(|(_, text)| text.contains("command number 3")));
    assert!(matches!(read(&whole[..50]).1, Err(ArchiveError::Damaged { .. })));
}

#[test]
fn no_damage_makes_it_panic_or_grow() {
    let whole = unpack(UTF8);
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap()
    };
    for _ in 0..500 {
        let mut bytes = whole.clone();
        for _ in 0..1 + random() % 8 {
            let at = random() % bytes.len();
            bytes[at] = u8::try_from(random() % 256).unwrap();
        }
        let (found, _) = read(&bytes);
        let size: usize = found.iter().map(|(_, text)| text.len()).sum();
        assert!(size < 20 * whole.len() + (2 << 20));
    }
}

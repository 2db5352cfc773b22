use super::*;
use crate::finding::Severity;
use crate::packages::Ecosystem;
use crate::packages::inventory::Distribution;

fn day(text: &str) -> Date {
    Date::parse(text).unwrap()
}

fn of_system(id: &str, version: &str, pretty: &str) -> Inventory {
    let distribution = Distribution {
        id: id.into(),
        version: version.into(),
        pretty: pretty.into(),
        ..Distribution::default()
    };
    Inventory {
        systems: vec![InstalledSystem { distribution, ..InstalledSystem::default() }],
        components: Vec::new(),
    }
}

fn state(id: &str, version: &str, on: &str) -> String {
    let support = evaluate(&of_system(id, version, ""), &Table::embedded().unwrap(), day(on));
    let one = support.first().map(|one| format!("{} {:?} {}", one.cycle, one.state, one.days_left.unwrap()));
    one.unwrap_or_default()
}

#[test]
fn a_distribution_has_three_states() {
    assert_eq!(state("debian", "12", "2026-07-11"), "12 Supported 0");
    assert_eq!(state("debian", "12", "2026-11-29"), "12 ExtendedOnly 579");
    assert_eq!(state("debian", "12", "2028-07-01"), "12 Ended -1");
    assert_eq!(state("amzn", "2023", "2026-11-29"), "2023 Supported 944");
    assert_eq!(state("amzn", "2", "2026-11-29"), "2 Ended -152");
    assert_eq!(state("rhel", "9.4", "2026-11-29"), "9 Supported 2010");
    assert_eq!(state("ubuntu", "20.04", "2026-11-29"), "20.04 ExtendedOnly 1220");
    assert_eq!(state("ubuntu", "23.10", "2026-11-29"), "23.10 Ended -870");
    assert_eq!(state("alpine", "3.18.4", "2025-05-10"), "3.18 Ended -1");
}

#[test]
fn a_release_that_the_table_does_not_have_is_told_apart() {
    let table = Table::embedded().unwrap();
    assert_eq!(state("debian", "99", "2026-11-29"), "");
    assert_eq!(unknown(&of_system("debian", "99", ""), &table).len(), 1);
    assert_eq!(unknown(&of_system("debian", "12", ""), &table).len(), 0);
    assert_eq!(unknown(&of_system("", "", ""), &table).len(), 0);
}

#[test]
fn centos_stream_is_not_centos() {
    let table = Table::embedded().unwrap();
    let product = |pretty: &str| {
        let inventory = of_system("centos", "8", pretty);
        evaluate(&inventory, &table, day("2024-01-01")).remove(0).product
    };
    assert_eq!(product("CentOS Linux 8"), "CentOS");
    assert_eq!(product("CentOS Stream 8"), "CentOS Stream");
}

#[test]
fn a_system_cannot_say_that_it_lives_longer() {
    let mut inventory = of_system("debian", "12", "");
    let table = Table::embedded().unwrap();
    for (own, expected) in
        [("2099-01-01", "2026-07-11"), ("2025-01-01", "2025-01-01"), ("never", "2026-07-11")]
    {
        inventory.systems[0].support_end = Some(own.to_owned());
        assert_eq!(evaluate(&inventory, &table, day("2024-01-01"))[0].ends, Some(day(expected)), "{own}");
    }
}

fn component(ecosystem: Ecosystem, name: &str, version: &str) -> Component {
    Component::new(ecosystem, name, version)
}

fn cycle(component: Component) -> String {
    let inventory = Inventory { systems: Vec::new(), components: vec![component] };
    let support = evaluate(&inventory, &Table::embedded().unwrap(), day("2026-11-29"));
    support.first().map(|one| format!("{} {}", one.product, one.cycle)).unwrap_or_default()
}

#[test]
fn runtimes_are_known_by_their_names_and_versions() {
    assert_eq!(cycle(component(Ecosystem::Generic, "node", "20.11.1")), "Node.js 20");
    assert_eq!(cycle(component(Ecosystem::Generic, "openssl", "1.1.1w")), "OpenSSL 1.1.1");
    assert_eq!(cycle(component(Ecosystem::Generic, "python", "3.1.4")), "Python 3.1");
    assert_eq!(cycle(component(Ecosystem::Generic, "python", "3.11.2")), "Python 3.11");
    assert_eq!(cycle(component(Ecosystem::Go, "stdlib", "go1.22.0")), "Go 1.22");
    assert_eq!(cycle(component(Ecosystem::Generic, "nodeish", "20.1")), "");
}

#[test]
fn what_the_distribution_brought_is_the_distributions() {
    let own = component(Ecosystem::Deb, "nodejs", "18.20.4+dfsg-1~deb12u2");
    assert_eq!(cycle(own.clone()), "");
    assert_eq!(
        cycle(Component { origin: Origin::ThirdParty("NodeSource".into()), ..own.clone() }),
        "Node.js 18"
    );
    let part = component(Ecosystem::Generic, "node", "18.20.4");
    assert_eq!(cycle(Component { owner: Some("nodejs".into()), ..part }), "");
}

#[test]
fn one_runtime_in_many_programs_is_one_finding_with_many_places() {
    let at = |path: &str| {
        let mut one = component(Ecosystem::Go, "stdlib", "1.18.3");
        one.location.path = path.into();
        one
    };
    let inventory = Inventory { systems: Vec::new(), components: vec![at("/a"), at("/b")] };
    let support = evaluate(&inventory, &Table::embedded().unwrap(), day("2026-11-29"));
    let found = findings(&inventory, &support, &Table::embedded().unwrap(), day("2026-11-29"));
    assert_eq!((found.len(), found[0].related_locations.len()), (1, 1));
    assert_eq!((found[0].severity, found[0].subject.as_deref()), (Severity::Medium, Some("Go 1.18")));
}

#[test]
fn newer_data_of_the_user_comes_first() {
    let newer = Table::parse(
        "day = 2027-01-01\n[[product]]\nid = \"debian\"\ntitle = \"Debian\"\nsystems = [\"debian\"]\n\
         releases = [[\"12\", \"2030-01-01\"]]\n",
    );
    let table = Table::embedded().unwrap().with(newer.unwrap());
    assert_eq!(
        evaluate(&of_system("debian", "12", ""), &table, day("2029-01-01"))[0].state,
        State::Supported
    );
    assert_eq!(table.day, day("2027-01-01"));
}

#[test]
fn a_table_with_a_day_that_is_none_is_refused() {
    let table = |row: &str| {
        Table::parse(&format!(
            "day = 2027-01-01\n[[product]]\nid = \"x\"\ntitle = \"X\"\nreleases = [{row}]\n"
        ))
    };
    assert_eq!(
        table("[\"1\", \"2027-02-30\"]").unwrap_err().to_string(),
        "x: \"2027-02-30\" is no day (YYYY-MM-DD)"
    );
    assert!(matches!(table("[\"\"]"), Err(TableError::Form(_))));
}

//! The page in a real browser: quiet, safe, driven by pointer and keys, and fast with many findings.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic here is a failed test")]

use std::path::PathBuf;
use std::time::Instant;

use assay::audit::Report;
use serde_json::json;

mod browser;
mod made;

use crate::program::assay;
use browser::Browser;

/// Milliseconds in which 20,000 findings must load, and be filtered; where tests share a machine, four times as many.
const USABLE: f64 = 2000.0;

struct Page {
    path: PathBuf,
    _dir: tempfile::TempDir,
}

fn written(page: &str) -> Page {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("report.html");
    std::fs::write(&path, page).unwrap();
    Page { path, _dir: dir }
}

fn of(report: &Report) -> Page {
    written(&made::page(report))
}

/// The report of the image that the program carries.
fn demo() -> Page {
    let page = written("");
    let (exit, _, err) = assay(&["demo", "--format", "html", "-o", page.path.to_str().unwrap()]);
    assert_eq!(exit, assay::cli::Exit::PASS, "{err}");
    page
}

const SHOWN: &str = "document.querySelector('#count').textContent";

#[test]
fn the_page_of_an_image_is_whole_and_asks_for_nothing() {
    let Some(mut browser) = Browser::start() else { return };
    let page = demo();
    browser.open_ready(&page.path);
    assert_eq!(browser.problems(), [""; 0]);
    assert_eq!(browser.requests(), [format!("file://{}", page.path.display())]);
    assert_eq!(browser.text("document.querySelector('.word').innerText"), "✕FAIL");
    let sections =
        browser.text("[...document.querySelectorAll('main > section')].map((one) => one.id).join(' ')");
    assert_eq!(sections, " findings map times links gaps volumes notes");
    assert_eq!(browser.text(SHOWN), "11 findings");
    // The witness sees: a page that wants something is refused it, and that is known.
    let refused = browser.evaluate("fetch('https://example.org/').then(() => false, () => true)");
    assert_eq!(refused, true);
    let problems = browser.problems();
    assert!(problems.iter().any(|problem| problem.contains("connect-src")), "{problems:?}");
    let refused = browser.evaluate("try { document.body.innerHTML = '<b>'; false } catch { true }");
    assert_eq!(refused, true, "markup out of a string");
}

#[test]
fn every_control_has_a_name_and_every_text_its_contrast() {
    let Some(mut browser) = Browser::start() else { return };
    let page = demo();
    for (width, dark) in [(1280, false), (1280, true), (360, false)] {
        browser.size(width, 900);
        browser.dark(dark);
        browser.open_ready(&page.path);
        browser.evaluate("for (const one of document.querySelectorAll('details')) one.open = true");
        browser.wait("document.querySelectorAll('details.finding').length === document.querySelectorAll('.finding > .body').length");
        let nameless = browser.text(
            "[...document.querySelectorAll('button, [role=button], [role=img], [role=region], input, select')]
                .filter((one) => !(one.ariaLabel || one.getAttribute('aria-labelledby') || one.textContent.trim() || one.labels?.length))
                .map((one) => one.outerHTML.slice(0, 200)).join('\\n')",
        );
        assert_eq!(nameless, "");
        let twice = browser.text(
            "[...document.querySelectorAll('[id]')].map((one) => one.id)
                .filter((id, index, all) => all.indexOf(id) !== index).join(' ')",
        );
        assert_eq!(twice, "", "ids");
        assert_eq!(browser.text(include_str!("html_report/contrast.js")), "", "{width} dark {dark}");
        let wide = browser.evaluate("document.documentElement.scrollWidth").as_u64().unwrap();
        assert!(wide <= u64::from(width), "{wide} in {width}");
    }
}

#[test]
fn findings_are_searched_filtered_sorted_and_linked_to() {
    let Some(mut browser) = Browser::start() else { return };
    let page = of(&made::many(400));
    browser.open_ready(&page.path);
    assert_eq!(browser.text(SHOWN), "400 findings");
    browser.key("/");
    browser.evaluate("document.querySelector('#search').focus()");
    browser.type_in("NAME-17 db.example");
    browser.wait(&format!("{SHOWN} === '11 of 400 findings'"));
    let found = "[...document.querySelectorAll('.finding .path')].map((one) => one.textContent)";
    assert_eq!(browser.evaluate(&format!("{found}.every((path) => path.includes('file-17'))")), true);
    browser.evaluate("document.querySelector('.clear').click()");
    browser.evaluate("document.querySelector('.counts .critical button').click()");
    browser.wait(&format!("{SHOWN} === '80 of 400 findings'"));
    assert_eq!(browser.text("document.querySelector('.counts .critical button').ariaPressed"), "true");
    let choose = |name: &str, value: &str| {
        format!(
            "{{ const one = [...document.querySelectorAll('label')].find((label) => label.textContent.startsWith('{name}')).querySelector('select'); one.value = '{value}'; one.dispatchEvent(new Event('change')); }}"
        )
    };
    browser.evaluate(&choose("Category", "shadow"));
    browser.wait(&format!("{SHOWN} === '20 of 400 findings'"));
    browser.evaluate("document.querySelector('.check input').click()");
    browser.evaluate(&choose("Order", "newest"));
    let first = browser.text("document.querySelector('.flat .finding .path').textContent");
    browser.evaluate(&choose("Order", "oldest"));
    let last = browser.text("document.querySelector('.flat .finding .path').textContent");
    assert_ne!(first, last);
    // A link leads to its finding, even to one that is far down or filtered out.
    let id = browser.text(&finding_id(390));
    browser.evaluate(&format!("location.hash = '{id}'"));
    browser.wait(&format!(
        "document.activeElement.parentElement.id === '{id}' && document.activeElement.parentElement.open"
    ));
    browser.open(&page.path, &format!("#{id}"));
    browser.wait(&format!("document.getElementById('{id}')?.open === true"));
    assert_eq!(browser.problems(), [""; 0]);
}

#[test]
fn a_command_is_copied() {
    let Some(mut browser) = Browser::start() else { return };
    let page = of(&made::many(10));
    browser.open_ready(&page.path);
    browser.evaluate("document.querySelector('.finding summary').click()");
    browser.wait("document.querySelector('.finding .copy') !== null");
    let command = browser.text("document.querySelector('.finding .command code').textContent");
    assert!(command.contains("/srv/d") && command.ends_with(".env"), "{command}");
    let place = browser.evaluate(
        "(() => { const one = document.querySelector('.finding .copy'); one.scrollIntoView({ block: 'center', behavior: 'instant' });
            const { x, y, width, height } = one.getBoundingClientRect(); return { x: x + width / 2, y: y + height / 2 }; })()",
    );
    for kind in ["mousePressed", "mouseReleased"] {
        let click =
            json!({ "type": kind, "x": place["x"], "y": place["y"], "button": "left", "clickCount": 1 });
        browser.call("Input.dispatchMouseEvent", &click);
    }
    browser.wait("document.querySelector('.finding .copy').textContent === 'Copied'");
    // Where there is no clipboard, what is selected is copied; the event shows what.
    browser.evaluate(
        "Object.defineProperty(navigator, 'clipboard', { value: undefined });
         document.addEventListener('copy', () => { window.copied = String(getSelection()); })",
    );
    browser.evaluate("document.querySelectorAll('.finding .copy')[1].click()");
    browser.wait("window.copied !== undefined");
    assert!(browser.text("window.copied").starts_with("assay cat disk.img /srv/d"));
    assert_eq!(browser.problems(), [""; 0]);
}

#[test]
fn map_times_and_connections_are_driven_by_keys_and_pointer() {
    let Some(mut browser) = Browser::start() else { return };
    let page = of(&made::many(400));
    browser.open_ready(&page.path);
    browser.wait("document.querySelectorAll('#treemap .cell[role]').length > 1");
    let cells = "[...document.querySelectorAll('#treemap svg[role=group] > .cell')].map((one) => one.ariaLabel.split(':')[0]).join()";
    assert_eq!(browser.text(cells), "srv,usr");
    browser.evaluate("document.querySelector('#treemap .cell[tabindex=\"0\"]').focus()");
    browser.key("ArrowRight");
    assert!(
        browser.text("document.activeElement.ariaLabel").starts_with("usr: 9.7 KiB, 9 files, no findings")
    );
    browser.key("ArrowRight");
    browser.key("Enter");
    browser.wait("document.querySelectorAll('#treemap svg[role=group] > .cell').length === 100");
    assert_eq!(
        browser.text("document.querySelector('.crumbs').innerText.replace(/\\s+/g, '')"),
        "/(ext4root)srv"
    );
    browser.key("Escape");
    browser.wait("document.querySelectorAll('#treemap svg[role=group] > .cell').length === 2");
    browser.evaluate(
        "document.querySelector('#treemap svg[role=group] > .cell').dispatchEvent(new MouseEvent('click'))",
    );
    browser.evaluate("[...document.querySelectorAll('#treemap svg[role=group] > .cell')].find((one) => one.ariaLabel.startsWith('d7:')).dispatchEvent(new MouseEvent('click'))");
    browser.wait(&format!("{SHOWN} === '4 of 400 findings'"));
    assert!(browser.text("document.querySelector('.chips').innerText").contains("in /srv/d7"));
    let rows = browser.evaluate("document.querySelectorAll('#treemap tbody tr').length");
    assert_eq!(rows, 100, "the table says the same");
    browser.evaluate("document.querySelector('.clear').click()");
    // Years, then months or days, down to what the findings of one bar are.
    let before = browser.evaluate("document.querySelectorAll('#timeline .bar').length").as_u64().unwrap();
    assert!(before > 1);
    browser.evaluate("document.querySelector('#timeline .bar').focus()");
    browser.key("Enter");
    browser.wait("document.querySelector('#timeline .range').textContent !== 'All times'");
    browser.evaluate("[...document.querySelectorAll('#timeline .tools button')].find((one) => one.textContent.startsWith('Show')).click()");
    browser.wait(&format!("/^\\d+ of 400 findings$/.test({SHOWN})"));
    browser.evaluate("document.querySelector('.clear').click()");
    // The graph: an account's findings.
    let column = browser.text("[...document.querySelectorAll('#graph .node')].map((one) => one.ariaLabel).filter((text) => text.startsWith('account user')).join()");
    assert!(column.contains("account user0: 8 findings, worst critical"), "{column}");
    browser.evaluate("[...document.querySelectorAll('#graph .node')].find((one) => one.ariaLabel.startsWith('account user0:')).dispatchEvent(new MouseEvent('click'))");
    browser.wait(&format!("{SHOWN} === '8 of 400 findings'"));
    assert_eq!(browser.problems(), [""; 0]);
}

#[test]
fn hostile_names_run_nothing_and_are_shown() {
    let Some(mut browser) = Browser::start() else { return };
    let page = of(&made::hostile());
    for scripts in [true, false] {
        browser.call("Emulation.setScriptExecutionDisabled", &json!({ "value": !scripts }));
        browser.open(&page.path, "");
        browser.wait("document.readyState === 'complete'");
        if scripts {
            browser.wait("document.documentElement.dataset.ready === 'true'");
            assert_eq!(browser.text(SHOWN), format!("{} findings", made::hostile_names().len()));
            browser.evaluate("for (const one of document.querySelectorAll('details')) one.open = true");
            browser.wait("document.querySelectorAll('details.finding').length === document.querySelectorAll('.finding > .body').length");
            let labels = "document.querySelector('#treemap').textContent + document.querySelector('#graph').textContent";
            // Both are drawn after the page is ready.
            browser.wait(&format!("({labels}).includes('<script>alert(1)</script>')"));
        }
        assert_eq!(browser.evaluate("window.witness.alerts"), 0);
        assert_eq!(browser.problems(), [""; 0]);
        assert_eq!(browser.requests().len(), 1);
        // Of scripts there are the two of the page; of what a name could make, nothing.
        assert_eq!(browser.evaluate("document.scripts.length"), 2);
        let made = "document.querySelectorAll('img, iframe, object, embed, base, form, link, [onerror], [onload], a[href^=javascript]').length";
        assert_eq!(browser.evaluate(made), 0);
        let text = browser.text("document.querySelector('#findings').textContent");
        for name in made::hostile_names() {
            let shown = assay_disk::text::Escaped(&name).to_string();
            assert!(text.contains(&shown), "{shown}");
        }
        assert!(!text.contains('\u{202e}') && !text.contains('\u{1b}'));
    }
}

/// The id of a finding in the data of a page, which are packed where they are long.
fn finding_id(number: usize) -> String {
    format!(
        "(async () => {{ const element = document.querySelector('#data'); let text = element.textContent;
            if (element.type !== 'application/json') {{
                const packed = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
                const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
                text = await new Response(stream).text();
            }}
            return JSON.parse(text).findings[{number}].id; }})()"
    )
}

#[test]
fn twenty_thousand_findings_are_usable_within_two_seconds() {
    let Some(mut browser) = Browser::start() else { return };
    let text = made::page(&made::many(20_000));
    let size = text.len();
    let page = written(&text);
    let begin = Instant::now();
    browser.open_ready(&page.path);
    browser.wait(&format!("{SHOWN} === '20,000 findings'"));
    let load = begin.elapsed().as_secs_f64() * 1000.0;
    let timed = |does: &str, until: &str| {
        format!(
            "new Promise((done) => {{ const begin = performance.now(); {does};
                const look = () => ({until} ? requestAnimationFrame(() => setTimeout(() => done(performance.now() - begin))) : setTimeout(look, 5)); look(); }})"
        )
    };
    let search = "(() => { const one = document.querySelector('#search'); one.value = 'name-19999'; one.dispatchEvent(new Event('input')); })()";
    let search =
        browser.evaluate(&timed(search, &format!("{SHOWN} === '1 of 20,000 findings'"))).as_f64().unwrap();
    browser.evaluate("document.querySelector('.clear').click()");
    let filter = timed(
        "document.querySelector('.counts .low button').click()",
        &format!("{SHOWN} === '4,000 of 20,000 findings'"),
    );
    let filter = browser.evaluate(&filter).as_f64().unwrap();
    eprintln!(
        "20,000 findings, {size} bytes: load {load:.0} ms, search {search:.0} ms, filter {filter:.0} ms"
    );
    for (what, took) in [("load", load), ("search", search), ("filter", filter)] {
        assert!(took < USABLE * 4.0, "{what} took {took} ms");
    }
    // And the last of them is reached.
    let id = browser.text(&finding_id(19999));
    browser.evaluate(&format!("location.hash = '{id}'"));
    browser.wait(&format!("document.getElementById('{id}')?.open === true"));
    let nodes = browser.evaluate("document.querySelectorAll('*').length").as_u64().unwrap();
    assert!(nodes < 20_000, "{nodes} elements");
}

#[test]
fn without_scripts_the_page_can_be_read() {
    let Some(mut browser) = Browser::start() else { return };
    let page = demo();
    browser.call("Emulation.setScriptExecutionDisabled", &json!({ "value": true }));
    browser.open(&page.path, "");
    browser.wait("document.readyState === 'complete'");
    let text = browser.text("document.body.innerText");
    for part in [
        "FAIL",
        "/etc/ssh/ssh_host_ed25519_key",
        "Private SSH host key",
        "rm /etc/ssh/ssh_host_*_key*",
        "/ (ext4 root)",
    ] {
        assert!(text.contains(part), "{part}");
    }
    assert_eq!(browser.evaluate("document.querySelectorAll('details.finding').length"), 11);
    assert_eq!(browser.evaluate("document.querySelectorAll('#filters *').length"), 0);
    assert_eq!(browser.problems(), [""; 0]);
}

#[test]
fn on_paper_all_is_open_and_nothing_is_a_control() {
    let Some(mut browser) = Browser::start() else { return };
    let page = of(&made::many(200));
    browser.open_ready(&page.path);
    browser.evaluate(
        "addEventListener('beforeprint', () => { window.printed = {
            closed: document.querySelectorAll('details.finding:not([open])').length,
            bodies: document.querySelectorAll('.finding > .body').length }; })",
    );
    let pdf = browser.call("Page.printToPDF", &json!({}));
    assert!(pdf["data"].as_str().unwrap().starts_with("JVBERi0"), "%PDF-");
    assert_eq!(browser.evaluate("window.printed"), json!({ "closed": 0, "bodies": 200 }));
    assert_eq!(
        browser.evaluate("document.querySelectorAll('details.finding[open]').length"),
        0,
        "closed again"
    );
    browser.call("Emulation.setEmulatedMedia", &json!({ "media": "print" }));
    let seen = "[...document.querySelectorAll('.top, #filters, .copy, .fold, .switch')].filter((one) => one.checkVisibility()).length";
    assert_eq!(browser.evaluate(seen), 0);
    // What is a control on the screen and says something stays.
    let names =
        "[...document.querySelectorAll('#treemap tbody td:first-child')].map((one) => one.innerText).join()";
    browser.evaluate("for (const one of document.querySelectorAll('.words')) one.open = true");
    assert_eq!(browser.text(names), "srv,usr");
}

#[test]
fn a_timeline_of_100_000_events_zooms_from_years_to_seconds_by_keys() {
    let Some(mut browser) = Browser::start() else { return };
    let root = tempfile::tempdir().unwrap();
    let log = root.path().join("var/log/dpkg.log");
    std::fs::create_dir_all(log.parent().unwrap()).unwrap();
    std::fs::create_dir_all(root.path().join("etc")).unwrap();
    std::fs::write(root.path().join("etc/passwd"), "root:x:0:0:root:/root:/bin/bash\n").unwrap();
    // A line every ten minutes of two years.
    let lines = (0..100_000_u32).map(|number| {
        let (day, minute) = (number / 144, number % 144 * 10);
        let (year, day) = (2024 + day / 336, day % 336);
        let (hour, minute) = (minute / 60, minute % 60);
        let date = format!("{year}-{:02}-{:02} {hour:02}:{minute:02}:00", day / 28 + 1, day % 28 + 1);
        format!("{date} install package{number}:all <none> 1.0\n")
    });
    std::fs::write(&log, lines.collect::<String>()).unwrap();
    let page = written("");
    let (tree, file) = (root.path().to_str().unwrap(), page.path.to_str().unwrap());
    let (exit, _, err) = assay(&[
        "timeline",
        "--rootfs",
        tree,
        "--source",
        "dpkg",
        "--format",
        "html",
        "-o",
        file,
        "--no-progress",
    ]);
    assert_eq!(exit, assay::cli::Exit::PASS, "{err}");
    let begin = Instant::now();
    browser.open_ready(&page.path);
    assert_eq!(browser.problems(), [""; 0]);
    assert_eq!(browser.requests(), [format!("file://{}", page.path.display())]);
    let range = "document.querySelector('.range').textContent";
    assert!(browser.text(range).ends_with("100,000 events"), "{}", browser.text(range));
    let key = |name: &str| {
        format!(
            "document.querySelector('canvas').dispatchEvent(new KeyboardEvent('keydown', {{ key: '{name}' }})), 1"
        )
    };
    for _ in 0..30 {
        browser.evaluate(&key("ArrowUp"));
    }
    // Nothing in view is longer than a second, and the list says what is in it.
    let seconds = "(view => (view[1] - view[0]) / 1000)(document.querySelector('.range').textContent.split(': ')[0].split(' to ').map((text) => Date.parse(text.replace(' ', 'T') + 'Z')))";
    assert!(browser.evaluate(seconds).as_f64().unwrap() <= 1.0);
    browser.evaluate(&key("Home"));
    let find = "(box => { box.value = 'package777:'; box.dispatchEvent(new Event('input')); return 1; })(document.querySelector('input[type=search]'))";
    browser.evaluate(find);
    assert!(browser.text(range).ends_with(": 1 event"));
    assert!(
        browser.text("document.querySelector('#list td:last-child').textContent").contains("package777:all")
    );
    assert!(begin.elapsed().as_secs() < 60);
}

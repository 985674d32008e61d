//! What an operator does with workers and pools that are there, some of it by the keyboard and
//! some on a telephone.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::Story;

const ENTER: char = '\u{e007}';
const SPACE: char = ' ';

impl Story {
    fn until_rows(&self, names: &str) {
        let shown = format!(
            "[...document.querySelectorAll('#workers td.name a')].map((it) => it.textContent).join() === '{names}'"
        );
        self.browser.until(&format!("rows {names}"), &shown);
    }

    fn until_said(&self, text: &str) {
        let said = format!("document.querySelector('#said').textContent === '{text}'");
        self.browser.until(text, &said);
    }

    /// Why what a form asked for was not done.
    fn until_refused(&self, reason: &str) {
        let shown =
            format!("document.querySelector('form > .trouble')?.textContent.includes('{reason}')");
        self.browser.until(reason, &shown);
    }

    fn focus(&self, selector: &str) {
        self.browser.run(&format!("document.querySelector({}).focus()", json!(selector)));
    }

    fn until_row_is(&self, name: &str, state: &str) {
        let shown = format!(
            "[...document.querySelectorAll('#workers tr[data-state={state}] td.name a')].some((it) => it.textContent === '{name}')"
        );
        self.browser.until(&format!("{name} {state}"), &shown);
    }

    /// On the page of the workers `spare` and `worker-1`.
    pub(super) fn sort_and_select(&self) {
        self.until_rows("spare,worker-1");
        self.browser.click("th[data-key=name] button");
        self.until_rows("worker-1,spare");
        self.focus("th[data-key=name] button");
        self.browser.press(ENTER);
        self.until_rows("spare,worker-1");
        let order = "return document.querySelector('th[data-key=name]').ariaSort";
        assert_eq!(self.browser.run(order), "ascending");

        // Rows are replaced while they change, and who is in one stays there.
        self.focus("#workers tr input");
        self.browser.press(SPACE);
        self.browser.run("document.querySelector('#workers tr').old = true");
        self.browser.until("a new row", "!document.querySelector('#workers tr').old");
        let here =
            "return document.activeElement === document.querySelector('#workers tr input:checked')";
        assert_eq!(self.browser.run(here), true, "the focus went elsewhere");
        self.browser.press(SPACE);

        self.browser.click("[data-select-all]");
        let count = "document.querySelector('[data-selected]').textContent === '2 selected'";
        self.browser.until("two are selected", count);
        self.browser.click("button[data-post$='/CheckpointWorker']");
        self.until_said("Checkpoint: asked for");
        for name in ["worker-1", "spare"] {
            self.open_worker(name);
            let saved =
                "/checkpoint at block \\d/.test(document.querySelector('#messages').textContent)";
            self.browser.until(&format!("the state of {name} is saved"), saved);
        }
    }

    /// On a telephone: lets `spare` go and takes it back.
    pub(super) fn kick_and_restart(&self) {
        self.browser.be_small(true);
        self.browser.click("nav a:nth-of-type(2)");
        self.until_rows("spare,worker-1");
        self.browser.click("th[data-key=pool] button");
        self.until_rows("worker-1,spare");
        self.browser.click("#workers tr:last-child input");
        self.browser.click("button[data-post$='/KickWorker']");
        self.browser.dismiss();
        self.browser.click("button[data-post$='/KickWorker']");
        self.browser.accept();
        self.until_row_is("spare", "kicked");
        self.browser.picture("selected-small");
        self.browser.click("button[data-post$='/RestartWorker']");
        self.until_row_is("spare", "active");
        self.browser.be_small(false);
    }

    /// On the page of `spare`.
    pub(super) fn drain_and_register(&self) {
        self.browser.click("button[data-post$='/DrainWorker']");
        self.browser.accept();
        let drained =
            "/^kicked drained, checkpoint/.test(document.querySelector('#now p').textContent)";
        self.browser.until("it is drained", drained);
        self.picture("drained");
        self.browser.click("button[data-post$='/RefreshRaAndRestartWorker']");
        self.browser.accept();
        self.until_state("active");
    }

    /// Changes a worker that computes nowhere to where one waits. Its new name is `mended`.
    pub(super) fn mend(&self, endpoint: &str) {
        let field = |name: &str| format!("[name='items.0.worker.{name}']");
        let (name, at) = (field("name"), field("endpoint"));
        let save = "form[data-post$='/UpdateWorker'] button.main";
        self.browser.fill(&at, "nowhere");
        self.browser.click(save);
        self.browser.until("no URL", "document.querySelector('input[type=url]:invalid')");
        self.browser.fill(&at, endpoint);
        self.browser.fill(&field("stake"), "many");
        self.browser.click(save);
        self.until_refused("many");
        self.picture("refused");
        self.browser.fill(&field("stake"), "");
        self.browser.click(save);
        self.until_refused("stake: must be given");
        self.browser.fill(&field("stake"), "10000");
        self.browser.click(save);
        self.until_refused("10000 PHA");
        self.browser.fill(&field("stake"), "10000 PHA");
        self.browser.fill(&name, "worker-1");
        self.browser.click(save);
        self.until_refused("worker-1");
        self.browser.fill(&name, "mended");
        self.browser.fill(&field("publicEndpoints"), "http://a.example:1, http://b.example:2");
        self.browser.click(save);
        self.browser.until(
            "it is called otherwise",
            "document.querySelector('h1').textContent === 'Worker mended'",
        );
        self.until_said("saved");
        let kept = self.browser.run(&format!(
            "return ['{}', '{}'].map((it) => document.querySelector(`[name='items.0.worker.${{it}}']`).value)",
            "stake", "publicEndpoints"
        ));
        assert_eq!(kept, json!(["10000 PHA", "http://a.example:1, http://b.example:2"]));
        self.browser.run("window.stayed = true");
        self.until_state("active");
    }

    /// Takes in a list of workers, and forgets the new one.
    pub(super) fn import(&self, folder: &Path) {
        self.browser.click("nav a:nth-of-type(4)");
        let ask = "form[data-post$='/import'] button.main";
        self.browser.fill("#import", "name,pid\nimported,5\n");
        self.browser.click(ask);
        self.until_refused("endpoint");
        let list = "name,pid,endpoint,stake\nimported,5,http://127.0.0.1:9,1 PHA\n";
        let file = folder.join("workers.csv");
        fs::write(&file, list).unwrap();
        self.browser.choose_file("[data-into=import]", &file);
        self.browser.until("it is read", "document.querySelector('#import').value.includes('PHA')");
        self.browser.click(ask);
        let shown = "/new +imported in pool 5[^]*nothing was done/.test(document.querySelector('#told').textContent)";
        self.browser.until("what would be done", shown);
        self.picture("import");
        self.browser.click("[name=apply]");
        self.browser.click(ask);
        self.until_said("imported");
        self.open_worker("imported");
        self.until_state("error");
        self.browser.click("button.danger");
        self.browser.accept();
        self.until_said("deleted");
        self.until_rows("mended,worker-1");
    }

    fn open_pool(&self, name: &str) {
        self.browser.click("nav a:nth-of-type(3)");
        let link = format!(
            "[...document.querySelectorAll('td.name a')].find((it) => it.textContent === '{name}')"
        );
        self.browser.until(&format!("pool {name}"), &link);
        let path = self.browser.run(&format!("return {link}.getAttribute('href')"));
        self.browser.click(&format!("a[href='{}']", path.as_str().unwrap()));
    }

    /// Pool `second`, which has a worker.
    pub(super) fn change_pool(&self) {
        self.open_pool("second");
        self.browser.fill("[name='items.0.pool.name']", "renamed");
        self.browser.click("form.card button.main");
        self.until_said("saved");
        self.open_pool("renamed");
        self.picture("pool");
        self.browser.click("button.danger");
        self.browser.accept();
        let refused =
            "/worker/.test(document.querySelector('#said.bad:not([hidden])')?.textContent)";
        self.browser.until("it has workers", refused);
    }

    pub(super) fn delete_pool(&self, name: &str) {
        self.open_pool(name);
        self.browser.click("button.danger");
        self.browser.accept();
        self.until_said("deleted");
    }

    /// Takes a failed job out of the queue.
    pub(super) fn remove_failed_job(&self) {
        self.browser.open(&self.queue);
        let failed = "document.querySelector('tr[data-state=failed]:not([hidden])')";
        self.browser.click("[data-only=jobs][data-state=failed]");
        let others = "!document.querySelector('tr:not([hidden]):not([data-state=failed]) td')";
        self.browser.until("nothing but failed jobs", &format!("{failed} && {others}"));
        self.picture("failed-jobs");
        let job = self.browser.run(&format!("return {failed}.id"));
        let job = job.as_str().unwrap();
        self.browser.click(&format!("#{job} input"));
        self.browser.click("button[data-post='/remove'][data-with-selection]");
        self.browser.accept();
        self.until_said("1 job removed");
        self.browser.until("it is gone", &format!("!document.getElementById('{job}')"));
    }
}

//! The pages in a real browser, against the embedded bridge: what an operator does in the first
//! ten minutes. Pictures are in the target folder's tmp/pages.

use crate::fixture::Prb;
use crate::machines::Machine;
use crate::services::Service;

mod driver;
mod managing;
mod password;

use driver::Browser;

/// A whole bridge, a worker more than it has, and a browser.
struct Story {
    browser: Browser,
    monitor: String,
    queue: String,
    dev: Service,
    spare: Service,
    endpoint: String,
}

/// A worker that nobody keeps, and where it is.
fn start_worker(prb: &Prb, name: &str) -> (Service, String) {
    let words = "run pruntime --listen 127.0.0.1:0";
    let mut worker = Service::start(prb, &Machine::this(), name, words);
    let endpoint = worker.says("that it listens", |line| {
        Some(line.split_once("double ready at ")?.1.trim().to_owned())
    });
    (worker, endpoint)
}

impl Story {
    fn begin(prb: &Prb) -> Self {
        let this = Machine::this();
        let (spare, endpoint) = start_worker(prb, "spare");
        let words = "run --dev --workers 1 --history 20 --block-time 300 --json --log warn \
                     --monitor-listen 127.0.0.1:0 --queue-listen 127.0.0.1:0";
        let mut dev = Service::start(prb, &this, "dev", words);
        let mut says = |what: &str| {
            dev.says(what, |line| {
                let (_, url) = line.split_once(&format!("\"{what} "))?;
                Some(url.split('"').next()?.to_owned())
            })
        };
        let (queue, monitor) = (says("queue page"), says("monitor"));
        let browser = Browser::start(prb.folder.path());
        Self { browser, monitor, queue, dev, spare, endpoint }
    }

    /// Takes a picture at a desk and on a telephone, where nothing may stick out.
    fn picture(&self, name: &str) {
        self.browser.picture(name);
        self.browser.be_small(true);
        self.browser.picture(&format!("{name}-small"));
        let wide = "return document.documentElement.scrollWidth";
        assert!(
            self.browser.run(wide).as_u64().unwrap() <= 390,
            "{name} is wider than a telephone"
        );
        self.browser.be_small(false);
    }

    fn find_peers(&self) {
        self.browser.open(&self.monitor);
        for place in ["providers", "managers", "traders"] {
            self.browser.until(
                &format!("{place} found"),
                &format!("document.querySelector('a[href^=\"/{place}/\"] + .tag.good')"),
            );
        }
        self.picture("peers");
    }

    fn look_at_the_provider(&self) {
        self.browser.click("a[href^='/providers/']");
        self.browser
            .until("heights", "/\\d/.test(document.querySelector('[data-k=stored]')?.textContent)");
        self.browser.until("two looks", "document.querySelector('polyline')?.points.length > 1");
        self.picture("provider");
        self.browser.open(&self.monitor);
        self.browser.click("a[href^='/traders/']");
        self.browser.until("its account", "document.querySelector('article dl')");
        self.picture("trader");
    }

    /// The page of the worker called so, which stays open: nothing on it is loaded again.
    fn open_worker(&self, name: &str) {
        self.browser.click("nav a:nth-of-type(2)");
        let link = format!(
            "[...document.querySelectorAll('td.name a')].find((it) => it.textContent === '{name}')"
        );
        self.browser.until(&format!("a row of {name}"), &link);
        let path = self.browser.run(&format!("return {link}.getAttribute('href')"));
        self.browser.click(&format!("a[href='{}']", path.as_str().unwrap()));
        self.browser.until("its page", "document.querySelector('#now .tag')");
        self.browser.run("window.stayed = true");
    }

    fn until_state(&self, state: &str) {
        let shown = format!("document.querySelector('#now .tag')?.textContent === '{state}'");
        self.browser.until(state, &shown);
        assert_eq!(self.browser.run("return window.stayed"), true, "it came without a reload");
    }

    fn add_pool(&self, name: &str, pid: u64, owner: &str) {
        self.browser.click("nav a:nth-of-type(3)");
        self.browser.fill("[name='pools.0.name']", name);
        self.browser.fill("[name='pools.0.pid']", &pid.to_string());
        self.browser.fill("[name='pools.0.owner.mnemonic']", owner);
        self.browser.click("form.card button.main");
        let row = format!(
            "[...document.querySelectorAll('td.name')].some((it) => it.textContent === '{name}')"
        );
        self.browser.until("the pool is listed", &row);
        assert!(!self.browser.run("return document.body.innerHTML").to_string().contains(owner));
    }

    fn add_worker(&self, name: &str, pid: u64) {
        self.browser.click("nav a:nth-of-type(4)");
        self.browser.fill("[name='workers.0.name']", name);
        self.browser.fill("[name='workers.0.endpoint']", &self.endpoint);
        self.browser.click(&format!("[name='workers.0.pid'] option[value='{pid}']"));
        self.browser.fill("[name='workers.0.stake']", "10000 PHA");
        self.browser.click("form[data-post$='CreateWorker'] button.main");
    }

    /// Nothing in the console but what was refused, and nobody asked but the pages themselves.
    fn nothing_else(&self) {
        let mut complaints = self.browser.complaints();
        complaints
            .retain(|it| !(it.contains("/managers/") && it.contains("responded with a status of")));
        assert_eq!(complaints, Vec::<String>::new());
        let asked = self.browser.asked();
        assert!(asked.iter().any(|url| url.contains("/assets/live.js")), "{asked:?}");
        let foreign = |url: &&String| {
            let own = |page: &str| url.starts_with(&format!("{page}/"));
            // The browser's own first page asks the browser, and pictures may be in the page.
            let elsewhere = !url.starts_with("chrome:") && !url.starts_with("data:");
            elsewhere && !own(&self.monitor) && !own(&self.queue)
        };
        let foreign: Vec<_> = asked.iter().filter(foreign).collect();
        assert!(foreign.is_empty(), "{foreign:?}");
    }
}

#[test]
fn an_operator_finds_adds_restarts_loses_and_retries() {
    let prb = Prb::new();
    let mut story = Story::begin(&prb);
    story.find_peers();
    story.look_at_the_provider();

    story.browser.open(&story.monitor);
    story.browser.click("a[href^='/managers/']");
    let active = "document.querySelector('#workers tr[data-state=active]')";
    story.browser.until("a worker that computes", active);

    story.add_pool("second", 5, "//Alice");
    story.picture("pools");
    story.add_worker("spare", 5);
    story.browser.until("it is listed", "document.querySelectorAll('#workers tr').length === 2");
    story.open_worker("spare");
    story.until_state("active");
    story.picture("worker");
    story.browser.click("nav a:nth-of-type(2)");
    story
        .browser
        .until("both compute", "document.querySelectorAll('tr[data-state=active]').length === 2");
    story
        .browser
        .until("what it has minted", "document.querySelector('[data-k=v]')?.textContent > 0");
    story.picture("workers");
    story.browser.fill("[data-filter]", "spare");
    story
        .browser
        .until("one row", "document.querySelectorAll('#workers tr:not([hidden])').length === 1");

    story.browser.click("nav a:nth-of-type(2)");
    story.sort_and_select();
    story.kick_and_restart();

    story.open_worker("spare");
    let starts = "[...document.querySelectorAll('#messages li')].filter((it) => /starting/.test(it.textContent)).length";
    let before = story.browser.run(&format!("return {starts}"));
    story.browser.click("button[data-post$='/RestartWorker']");
    story.browser.until("it was started again", &format!("{starts} > {before}"));
    story.until_state("active");
    story.drain_and_register();

    story.spare.kill();
    story.until_state("error");
    story.browser.until(
        "why",
        "/connect|refused|unreachable/i.test(document.querySelector('#now p').textContent)",
    );
    story.picture("broken");
    let (another, endpoint) = start_worker(&prb, "another");
    story.mend(&endpoint);
    story.import(prb.folder.path());
    story.change_pool();

    // Whoever owns nothing cannot pay for what the bridge wants done.
    story.add_pool("poor", 4, "//Nobody");
    let (poor, endpoint) = start_worker(&prb, "poor");
    story.endpoint = endpoint;
    story.add_worker("poor", 4);
    story.browser.until("it is listed", "document.querySelectorAll('#workers tr').length === 3");
    story.browser.open(&story.queue);
    let failed = "document.querySelector('tr[data-state=failed] .wrong')";
    story.browser.until("a failed job and why", failed);
    story.picture("queue");
    let seen = "document.querySelectorAll('tr[data-state=failed]').length";
    let job = story.browser.run("return document.querySelector('tr[data-state=failed]').id");
    let job = job.as_str().unwrap();
    story.browser.click(&format!("#{job} button[data-post='/retry']"));
    story.browser.until(
        "it is put back",
        "/1 job put back/.test(document.querySelector('#said').textContent)",
    );
    story.browser.until("it fails again", seen);
    story.browser.click(&format!("#{job} a"));
    story
        .browser
        .until("all of it", "/cannot pay/.test(document.querySelector('.trouble').textContent)");
    story.picture("job");
    story.remove_failed_job();

    story.browser.open(&story.monitor);
    story.browser.click("a[href^='/managers/']");
    story.open_worker("poor");
    story.browser.click("button.danger");
    story.browser.accept();
    let left = "document.querySelectorAll('#workers tr').length === 2";
    story.browser.until("it is forgotten", left);
    story.delete_pool("poor");
    story.nothing_else();
    for service in [poor, another, story.dev] {
        service.stop();
    }
}

//! One request over HTTP, written out: no library decides what is sent.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use serde_json::Value;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A header, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }
}

/// Asks once. `Host` is where it is asked, unless `headers` say otherwise.
pub(crate) fn ask(at: &str, line: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut request = format!("{line} HTTP/1.1\r\nConnection: close\r\n");
    let own = ("Host", at);
    let host = (!headers.iter().any(|(name, _)| *name == "Host")).then_some(&own);
    for (name, value) in host.into_iter().chain(headers) {
        request.extend([name, ": ", value, "\r\n"]);
    }
    request.extend(["Content-Length: ", &body.len().to_string(), "\r\n\r\n", body]);
    let mut stream = TcpStream::connect(at).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    read(&mut BufReader::new(stream))
}

/// Not all servers close the connection after an answer, so its length counts.
fn read(stream: &mut BufReader<TcpStream>) -> Answer {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(stream.read_line(&mut head).unwrap() > 0, "it ended too early: {head}");
    }
    let code = head.split(' ').nth(1).unwrap().parse().unwrap();
    let mut answer = Answer { code, head, body: String::new() };
    match answer.header("content-length").map(|length| length.parse().unwrap()) {
        Some(length) => stream.take(length).read_to_string(&mut answer.body).unwrap(),
        None => stream.read_to_string(&mut answer.body).unwrap(),
    };
    answer
}

/// Asks with GET and nothing else.
pub(crate) fn get(at: &str, path: &str) -> Answer {
    ask(at, &format!("GET {path}"), &[], "")
}

//! The secrets that lead a browser: another tenant's real one, in hands that it was not made for, is answered as a random one,
//! and is worth as much to its own tenant afterwards.

use super::{CANARY, apart_from_the_log, neighbours, without};
use crate::retailers::Retailer;
use crate::world::{Answer, Shape, World};
use reqwest::StatusCode;
use serde_json::json;
use url::Url;

/// A flow that a browser has begun: the link it followed, what it was led to Intuit with, and what binds it.
struct Begun {
    start: String,
    state: String,
    intuit: String,
    cookie: String,
}

async fn begun(retailer: &Retailer<'_>) -> Begun {
    let world = retailer.tenant.world;
    let flow = retailer
        .tenant
        .post("/connection/authorization-requests", json!({}))
        .await;
    let url = flow["authorization_url"].as_str().unwrap();
    let led = world.answer(world.http().get(url)).await;
    assert_eq!(led.status, StatusCode::FOUND, "{}", led.text());
    let intuit: Url = led.header("location").parse().unwrap();
    let (_, state) = intuit
        .query_pairs()
        .find(|(name, _)| name == "state")
        .unwrap();
    Begun {
        start: last_part(url),
        state: state.into_owned(),
        cookie: led.header("set-cookie").split(';').next().unwrap().into(),
        intuit: intuit.into(),
    }
}

async fn link(retailer: &Retailer<'_>) -> (String, String) {
    let link = retailer.tenant.post("/connection/links", json!({})).await;
    (
        link["id"].as_str().unwrap().to_owned(),
        last_part(link["url"].as_str().unwrap()),
    )
}

fn last_part(url: &str) -> String {
    url.rsplit('/').next().unwrap().to_owned()
}

// Of the same length and the same signs, and nobody's.
fn random(like: &str) -> String {
    let random: String = like.chars().rev().collect();
    assert_ne!(random, like);
    random
}

/// Whoever is not the browser that a flow is bound to.
struct Stranger<'a> {
    key: Option<&'a str>,
    cookie: Option<&'a str>,
    accept: &'a str,
}

impl Stranger<'_> {
    async fn opens(&self, world: &World, path: &str) -> Answer {
        let url = world.base.join(path).unwrap();
        let mut request = world.http().get(url).header("accept", self.accept);
        if let Some(key) = self.key {
            request = request.bearer_auth(key);
        }
        if let Some(cookie) = self.cookie {
            request = request.header("cookie", cookie);
        }
        world.answer(request).await
    }
}

#[tokio::test]
async fn a_neighbours_flow_is_told_from_a_random_one_by_nobody_it_was_not_begun_with() {
    let world = World::shaped(Shape::default()).await;
    let (theirs, ours) = neighbours(&world).await;
    let (flow, own) = (begun(&theirs).await, begun(&ours).await);
    let (revoked_id, revoked) = link(&theirs).await;
    theirs
        .tenant
        .send(
            reqwest::Method::DELETE,
            &format!("/connection/links/{revoked_id}"),
            None,
        )
        .await;
    let (_, live) = link(&theirs).await;
    let before = theirs.rows().await;

    let strangers: Vec<_> = ["*/*", "text/html"]
        .into_iter()
        .flat_map(|accept| {
            [
                (None, None),
                (Some(ours.tenant.key.as_str()), None),
                (None, Some(own.cookie.as_str())),
            ]
            .map(|(key, cookie)| Stranger {
                key,
                cookie,
                accept,
            })
        })
        .collect();
    let realm = &theirs.company.realm_id;
    // What they have, and the places to put it in.
    let mut places = Vec::new();
    for (secret, forms) in [
        (
            &flow.state,
            &[
                "v1/oauth/callback?state={}&code=x&realmId={realm}",
                "v1/oauth/callback?state={}&error=access_denied",
            ][..],
        ),
        (&flow.start, &["v1/connect/{}"][..]),
        (&revoked, &["v1/links/{}", "v1/links/{}/begin"][..]),
        // In the place of another secret each is nothing.
        (
            &live,
            &[
                "v1/connect/{}",
                "v1/oauth/callback?state={}&code=x&realmId={realm}",
            ][..],
        ),
        (&flow.state, &["v1/connect/{}", "v1/links/{}"][..]),
    ] {
        places.extend(forms.iter().map(|form| (secret, *form)));
    }
    let mut probes = 0;
    for (real, form) in places {
        let made_up = random(real);
        for stranger in &strangers {
            let path = |secret: &str| form.replace("{}", secret).replace("{realm}", realm);
            let answer = stranger.opens(&world, &path(real)).await;
            let other = stranger.opens(&world, &path(&made_up)).await;
            assert_eq!(
                without(&answer, real),
                without(&other, &made_up),
                "{form}: another tenant's secret is told from a random one"
            );
            assert!(!answer.text().contains(CANARY), "{}", answer.text());
            let status = match stranger.accept {
                "text/html" => 302,
                _ => 404,
            };
            assert_eq!(answer.status.as_u16(), status, "{form}");
            probes += 1;
        }
    }
    println!(
        "door: isolation of flows: {probes} probes with a neighbour's own start, link and state, none told from random ones"
    );
    assert_eq!(
        apart_from_the_log(&theirs.rows().await),
        apart_from_the_log(&before),
        "after the probes"
    );
    // Whoever brought what is theirs and may not stands in their log.
    let last = theirs.tenant.get("/audit-log?limit=1").await["items"][0].clone();
    assert_eq!(last["action"], "access.denied", "{last}");

    // A link that is live shows what it is for to whoever holds it, and no more to somebody who is somebody.
    let opened: Vec<_> = {
        let mut opened = Vec::new();
        for stranger in &strangers[..3] {
            let page = stranger.opens(&world, &format!("v1/links/{live}")).await;
            assert_eq!(page.status, StatusCode::OK);
            opened.push(without(&page, &live));
        }
        opened
    };
    assert!(opened.windows(2).all(|two| two[0] == two[1]));

    // Their own browser goes on where it was.
    let back = world.http().get(&flow.intuit).send().await.unwrap();
    let back = back.headers()["location"].to_str().unwrap().to_owned();
    let ended = world
        .answer(world.http().get(back).header("cookie", &flow.cookie))
        .await;
    let to = ended.header("location");
    assert!(
        to.contains("outcome=") && !to.contains("outcome=expired"),
        "{to}"
    );
}

//! Opening a keyring, counted in provider calls, and the hot path while another thread rotates and refreshes.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use fieldward::{
    Column, DecryptedColumn, KeyProvider, Keyring, KeyringBuilder, LocalKeyProvider, MemoryStore, OnFailure, RecordIds,
    Result, RotateOptions, SecretKey, StoredColumn, Value, WrapContext, WrappedKey,
};
use fieldward_benches::fixture::{PLAIN, Rows, field_of, keyring};
use fieldward_benches::{Bench, Results, Spread, Turn};

/// A provider whose calls are counted.
#[derive(Clone, Debug)]
struct Counted {
    inner: Arc<LocalKeyProvider>,
    calls: Arc<AtomicU64>,
}

impl KeyProvider for Counted {
    fn kind(&self) -> &str {
        self.inner.kind()
    }
    fn key_name(&self) -> String {
        self.inner.key_name()
    }
    fn wrap(&self, key_name: &str, secret: &SecretKey, context: &WrapContext<'_>) -> Result<WrappedKey> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.inner.wrap(key_name, secret, context)
    }
    fn unwrap(&self, wrapped: &WrappedKey, context: &WrapContext<'_>) -> Result<SecretKey> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.inner.unwrap(wrapped, context)
    }
    fn generate(&self) -> Result<Option<SecretKey>> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.inner.generate()
    }
}

fn builder(provider: &Counted, store: &Arc<MemoryStore>) -> KeyringBuilder {
    Keyring::builder("bench").provider("primary", provider.clone()).store(Arc::clone(store)).no_pin("a bench in memory")
}

/// How many calls the provider gets meanwhile.
fn calls<T>(provider: &Counted, work: impl FnOnce() -> Result<T>) -> (u64, T) {
    let before = provider.calls.load(Ordering::Relaxed);
    let done = work().expect("a keyring in memory");
    (provider.calls.load(Ordering::Relaxed) - before, done)
}

fn opening(bench: &mut Bench) {
    for versions in [1, 100] {
        let provider = Counted {
            inner: Arc::new(LocalKeyProvider::new(SecretKey::generate().expect("random bytes"))),
            calls: Arc::default(),
        };
        let store = Arc::new(MemoryStore::new());
        let writer = builder(&provider, &store).create().expect("a keyring in memory");
        for _ in 1..versions {
            writer.rotate(RotateOptions::activate_immediately()).expect("rotates");
        }
        let (opened, reader) = calls(&provider, || builder(&provider, &store).open());
        assert_eq!(reader.status().expect("a status").versions.len(), versions);
        bench.results.count(&format!("keyring_open_{versions}_versions"), opened);

        writer.rotate(RotateOptions::activate_immediately()).expect("rotates");
        let (refreshed, newer) = calls(&provider, || reader.refresh());
        assert!(newer, "there was a new version to read");
        bench.results.count(&format!("keyring_refresh_{versions}_versions"), refreshed);

        writer.start_epoch(&[]).expect("a new epoch");
        let (refreshed, newer) = calls(&provider, || reader.refresh());
        assert!(newer, "there was a new epoch to read");
        bench.results.count(&format!("keyring_refresh_new_epoch_{versions}_versions"), refreshed);

        bench.alone(&format!("open, {versions} versions: fieldward"), Turn { calls: 1, values: 1 }, || {
            builder(&provider, &store).open()
        });
    }
}

/// Operations of a block.
const BLOCK: usize = 1_000;
/// How long each phase lasts. Phases of quiet and of rotation follow each other.
const PHASE: Duration = Duration::from_millis(100);
const PHASES: usize = 40;
/// Between two rotations, each followed by a refresh. A keyring holds 1,000 versions.
const PAUSE: Duration = Duration::from_millis(10);

/// The 99th percentile of the times of a block during one phase, in nanoseconds.
fn p99(block: &mut impl FnMut()) -> f64 {
    let mut times = Vec::with_capacity(10_000);
    let end = Instant::now() + PHASE;
    while Instant::now() < end {
        let start = Instant::now();
        block();
        times.push(start.elapsed().as_secs_f64() * 1e9);
    }
    times.sort_by(f64::total_cmp);
    times[(times.len() * 99).div_ceil(100) - 1]
}

/// [`p99`] while another thread rotates the keyring and refreshes it.
fn p99_while_rotating(keyring: &Keyring, block: &mut impl FnMut()) -> f64 {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                keyring.rotate(RotateOptions::activate_immediately()).expect("rotates");
                keyring.refresh().expect("refreshes");
                thread::sleep(PAUSE);
            }
        });
        let found = p99(block);
        stop.store(true, Ordering::Relaxed);
        found
    })
}

fn hot_path(results: &mut Results, row: &str, keyring: &Keyring, mut block: impl FnMut()) {
    block();
    let pairs: Vec<(f64, f64)> =
        (0..PHASES).map(|_| (p99(&mut block), p99_while_rotating(keyring, &mut block))).collect();
    let of = |value: fn(&(f64, f64)) -> f64| Spread::of(pairs.iter().map(value)).expect("phases");
    results.figure(&format!("{row}: p99 of 1,000 operations, quiet"), "ns", of(|pair| pair.0));
    results.figure(&format!("{row}: p99 of 1,000 operations, rotating"), "ns", of(|pair| pair.1));
    results.ratio(row, of(|pair| pair.1 / pair.0));
}

fn hot_paths(results: &mut Results) {
    let value = Value::from("999-41-1234");
    let of = || {
        let keyring = keyring();
        let field = field_of(&keyring, PLAIN);
        (keyring, field)
    };

    let (keyring, field) = of();
    hot_path(results, "hot_path_encrypt", &keyring, || {
        for _ in 0..BLOCK {
            black_box(field.encrypt(Some(&value), None).expect("encrypts"));
        }
    });
    let (keyring, field) = of();
    let stored = field.encrypt(Some(&value), None).expect("encrypts");
    hot_path(results, "hot_path_decrypt", &keyring, || {
        for _ in 0..BLOCK {
            black_box(field.decrypt(stored.as_ref(), None).expect("decrypts"));
        }
    });
    let rows = Rows::new(BLOCK, 11, 48);
    let column = Column::Binary(rows.column());
    let (keyring, field) = of();
    let (mut output, mut values) = (StoredColumn::new(), DecryptedColumn::default());
    hot_path(results, "hot_path_column", &keyring, || {
        field.encrypt_column(&column, &RecordIds::None, &mut output).expect("encrypts");
        let stored = output.as_column().expect("filled");
        let done = field.decrypt_column_into(&stored, &RecordIds::None, OnFailure::Refuse, &mut values);
        done.expect("decrypts");
    });
}

fn main() {
    let mut bench = Bench::new("keyring");
    opening(&mut bench);
    hot_paths(&mut bench.results);
    bench.finish();
}

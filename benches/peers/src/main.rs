//! Whole libraries that encrypt fields, with keys held in memory, beside this one: `make bench-peers`.
//!
//! None does the same job to the letter: the report has their figures, and no goal rests on them.

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;

use fieldward::{RecordId, Value};
use fieldward_benches::fixture::{BOUND, DETERMINISTIC, field};
use fieldward_benches::{Bench, Turn};
use tokio::runtime::Runtime;

const SSN: &[u8] = b"999-41-1234";
const CONTEXT: &[u8] = b"patients/ssn/p-7";
/// Calls of some microseconds.
const SLOW: Turn = Turn { calls: 20, values: 1 };

fn library(bench: &mut Bench) {
    let (ssn, number) = (field(BOUND), field(DETERMINISTIC));
    let id = RecordId::uuid([3; 16]).expect("an id");
    let value = Value::from("999-41-1234");
    let stored = ssn.encrypt(Some(&value), Some(&id)).expect("encrypts");
    bench.alone("encrypt: fieldward", Turn::VALUES, || ssn.encrypt(Some(black_box(&value)), Some(&id)));
    bench.alone("decrypt: fieldward", Turn::VALUES, || ssn.decrypt(black_box(stored.as_ref()), Some(&id)));
    bench.alone("encrypt deterministically: fieldward", Turn::VALUES, || number.encrypt(Some(black_box(&value)), None));
}

fn tink(bench: &mut Bench) {
    tink_aead::init();
    tink_daead::init();
    let handle = tink_core::keyset::Handle::new(&tink_aead::aes256_gcm_key_template()).expect("a keyset");
    let aead = tink_aead::new(&handle).expect("a primitive");
    let stored = aead.encrypt(SSN, CONTEXT).expect("encrypts");
    bench.alone("encrypt: tink-aead, AES256_GCM", Turn::VALUES, || aead.encrypt(black_box(SSN), CONTEXT));
    bench.alone("decrypt: tink-aead, AES256_GCM", Turn::VALUES, || aead.decrypt(black_box(&stored), CONTEXT));
    let handle = tink_core::keyset::Handle::new(&tink_daead::aes_siv_key_template()).expect("a keyset");
    let daead = tink_daead::new(&handle).expect("a primitive");
    bench.alone("encrypt deterministically: tink-daead, AES256_SIV", Turn::VALUES, || {
        daead.encrypt_deterministically(black_box(SSN), CONTEXT)
    });
}

fn asherah_session(bench: &mut Bench) {
    let crypto = Arc::new(asherah::aead::AES256GCM::new());
    let metastore = Arc::new(asherah::metastore::InMemoryMetastore::new());
    let kms = Arc::new(asherah::kms::StaticKMS::new(Arc::clone(&crypto), vec![7; 32]).expect("a key"));
    let config = asherah::Config::new("clinic", "patients");
    let factory = asherah::api::new_session_factory(config, metastore, kms, crypto);
    let session = factory.get_session("p-7");
    let stored = session.encrypt(SSN).expect("encrypts");
    bench.alone("encrypt: asherah", SLOW, || session.encrypt(black_box(SSN)));
    bench.alone("decrypt: asherah", SLOW, || session.decrypt(black_box(stored.clone())));
}

fn alloy(bench: &mut Bench, runtime: &Runtime) {
    use ironcore_alloy::standalone::config::{
        RotatableSecret, StandaloneConfiguration, StandaloneSecret, StandardSecrets,
    };
    use ironcore_alloy::standard::{PlaintextDocument, StandardDocumentOps};
    use ironcore_alloy::{
        AlloyMetadata, FieldId, PlaintextBytes, Secret, SecretPath, Standalone, TenantId,
    };

    let secret = || StandaloneSecret::new(1, Secret::new(vec![7; 64]).expect("a secret"));
    let standard = StandardSecrets::new(Some(1), vec![secret()]).expect("secrets");
    let rotatable = RotatableSecret::new(Some(secret()), None).expect("secrets");
    let config = StandaloneConfiguration::new(
        standard,
        HashMap::from([(SecretPath("ssn".to_owned()), rotatable)]),
        HashMap::new(),
    );
    let sdk = Standalone::new(&config);
    let metadata = AlloyMetadata::new_simple(TenantId("clinic".to_owned()));
    let document =
        || PlaintextDocument(HashMap::from([(FieldId("ssn".to_owned()), PlaintextBytes(SSN.to_vec()))]));
    let encrypt = || runtime.block_on(sdk.standard().encrypt(document(), &metadata));
    let stored = encrypt().expect("encrypts");
    bench.alone("encrypt: ironcore-alloy, standalone", SLOW, encrypt);
    bench.alone("decrypt: ironcore-alloy, standalone", SLOW, || {
        runtime.block_on(sdk.standard().decrypt(black_box(stored.clone()), &metadata))
    });
}

fn aws(bench: &mut Bench, runtime: &Runtime) {
    use aws_esdk::material_providers::types::AesWrappingAlg;
    use aws_esdk::material_providers::types::material_providers_config::MaterialProvidersConfig;
    use aws_esdk::types::aws_encryption_sdk_config::AwsEncryptionSdkConfig;

    let client = aws_esdk::client::Client::from_conf(AwsEncryptionSdkConfig::builder().build().expect("a config"));
    let client = client.expect("a client");
    let providers = MaterialProvidersConfig::builder().build().expect("a config");
    let providers = aws_esdk::material_providers::client::Client::from_conf(providers).expect("a client");
    let keyring = providers
        .create_raw_aes_keyring()
        .key_name("key")
        .key_namespace("clinic")
        .wrapping_key(vec![7_u8; 32])
        .wrapping_alg(AesWrappingAlg::AlgAes256GcmIv12Tag16);
    let keyring = runtime.block_on(keyring.send()).expect("a keyring");
    let context = HashMap::from([("field".to_owned(), "patients/ssn".to_owned())]);
    let encrypt = || {
        let call = client.encrypt().plaintext(SSN).keyring(keyring.clone()).encryption_context(context.clone());
        runtime.block_on(call.send()).expect("encrypts")
    };
    let stored = encrypt().ciphertext.expect("a ciphertext");
    let turn = Turn { calls: 2, values: 1 };
    bench.alone("encrypt: aws-esdk, raw AES keyring, signing suite by default", turn, encrypt);
    bench.alone("decrypt: aws-esdk, raw AES keyring, signing suite by default", turn, || {
        let call = client.decrypt().ciphertext(stored.clone()).keyring(keyring.clone());
        runtime.block_on(call.encryption_context(context.clone()).send()).expect("decrypts")
    });
}

fn main() {
    let mut bench = Bench::new("peers");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    library(&mut bench);
    tink(&mut bench);
    asherah_session(&mut bench);
    alloy(&mut bench, &runtime);
    aws(&mut bench, &runtime);
    bench.finish();
}

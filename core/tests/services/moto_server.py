"""The emulator of AWS KMS with multi-Region ids of AWS's form: its own are four characters longer than its ciphertexts have room for, and
nothing encrypted under such a key opens; replicas are asked for by ARN, too. Takes the arguments of `moto_server`."""

import sys

from moto.kms import models
from moto.moto_api._internal import mock_random
from moto.server import main


def key_id(multi_region=False):
    made = mock_random.uuid4()
    return f"mrk-{made.hex}" if multi_region else str(made)


def replicate_key(self, key_id, replica_region, replicate=models.KmsBackend.replicate_key):
    return replicate(self, self.get_key_id(key_id), replica_region)


models.generate_key_id = key_id
models.KmsBackend.replicate_key = replicate_key
sys.exit(main())

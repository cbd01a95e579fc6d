package fieldward

import fieldward.ffi.HostPins
import fieldward.ffi.checkPin
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertInstanceOf
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertSame
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.io.IOException
import java.util.concurrent.TimeoutException
import kotlin.time.Duration.Companion.milliseconds

/** Pins of one's own: they refuse what is older, hold to the library's rules, and fail closed. */
internal class PinTest {
    private open class OwnPin : GenerationPin {
        val states = HashMap<String, PinnedState>()
        var before: suspend () -> Unit = {}

        override suspend fun read(keyringId: String): PinnedState? {
            before()
            return synchronized(states) { states[keyringId] }
        }

        override suspend fun write(expected: PinnedState?, state: PinnedState): Boolean {
            before()
            synchronized(states) {
                if (states[state.keyringId] != expected) return false
                states[state.keyringId] = state
                return true
            }
        }
    }

    private val provider = Provider.generated()

    private fun pinned(store: Store, pin: Pin, accept: ByteArray? = null) =
        KeyringConfig("device-7", mapOf("primary" to provider), store, pin, acceptIdentity = accept)

    @Test
    fun `an older document is refused, and a recovered one is followed by name`() = runBlocking {
        val (store, pin) = Store.memory() to OwnPin()
        val keyring = pinned(store, Pin.of(pin)).create()
        val export = keyring.export()
        keyring.rotateImmediately()
        val state = pin.states.getValue("device-7")
        assertEquals("device-7" to 2uL, state.keyringId to state.generation)
        assertEquals(1u, state.epoch)
        assertTrue(state.rootIdentity.contentEquals(keyring.rootIdentity))
        assertEquals("keyring_exists", thrown { pinned(Store.memory(), Pin.of(pin)).create() }.code)
        // whoever writes the store puts the older document back
        val older = Store.of(
            object : KeyStore {
                override suspend fun load(keyringId: String) = export
                override suspend fun save(keyringId: String, expected: DocumentTag?, document: ByteArray, tag: DocumentTag) = false
            },
        )
        assertEquals("keyring_rolled_back", thrown { pinned(older, Pin.of(pin)).open() }.code)
        keyring.startEpoch()
        val elsewhere = Store.memory()
        val recovered = config(provider, elsewhere).recover(export)
        assertTrue(thrown { pinned(elsewhere, Pin.of(pin)).open() }.code in setOf("keyring_rolled_back", "keyring_foreign"))
        pinned(elsewhere, Pin.of(pin), recovered.rootIdentity).open().close()
        assertEquals(1u, pin.states.getValue("device-7").epoch, "the pin went with it")
    }

    @Test
    fun `a pin that fails is no pin that has nothing`() = runBlocking {
        val (store, pin) = Store.memory() to OwnPin()
        pinned(store, Pin.of(pin)).create().close()
        val failure = IOException("999-41-1234")
        pin.before = { throw failure }
        val error = assertInstanceOf(FieldwardException.Store::class.java, thrown { pinned(store, Pin.of(pin)).open() })
        assertEquals("pin_unavailable", error.code)
        assertSame(failure, error.cause)
        assertTrue("999-41" !in error.message!!)
        pin.before = { awaitCancellation() }
        val late = thrown { pinned(store, Pin.of(pin, timeout = 50.milliseconds)).open() }
        assertEquals("pin_unavailable", late.code)
        assertInstanceOf(TimeoutException::class.java, late.cause)
        pin.before = {}
        val own = pin.states.getValue("device-7")
        for (wrong in listOf(
            PinnedState("device-8", own.rootIdentity, own.epoch, own.generation),
            PinnedState("device-7", ByteArray(31), own.epoch, own.generation),
        )) {
            pin.states["device-7"] = wrong
            assertEquals("pin_malformed", thrown { pinned(store, Pin.of(pin)).open() }.code)
        }
        pin.states["device-7"] = own
        pinned(store, Pin.of(pin)).open().use { keyring ->
            val seen = HashSet<String>()
            pin.before = { seen += code { keyring.status() } }
            keyring.rotateImmediately()
            assertEquals(setOf("invalid_argument"), seen, "it must not wait for the keyring that it pins")
        }
    }

    private fun broken(make: () -> GenerationPin): String? = checkPin(
        object : HostPins {
            override fun make() = Pin.of(make()).of(Opening())
        },
    )

    @Test
    fun `the library's rules`() {
        assertNull(broken { OwnPin() })
        val forgetful = {
            object : OwnPin() {
                override suspend fun write(expected: PinnedState?, state: PinnedState) = true
            }
        }
        assertTrue(broken(forgetful).orEmpty().startsWith("broken rule: "))
        val losing = {
            object : OwnPin() {
                override suspend fun write(expected: PinnedState?, state: PinnedState) = false
            }
        }
        assertTrue("pin cannot be read or written" in broken(losing).orEmpty(), "it is not tried for ever")
        val oneForAll = {
            object : OwnPin() {
                override suspend fun read(keyringId: String) = states.values.firstOrNull()
            }
        }
        assertTrue(broken(oneForAll).orEmpty().startsWith("broken rule: each keyring id has its own pin"))
    }
}

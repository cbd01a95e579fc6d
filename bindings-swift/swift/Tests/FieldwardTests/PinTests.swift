@testable import Fieldward
import FieldwardNative
import Foundation
import Testing

/// Pins of one's own: they refuse what is older, hold to the library's rules, and fail closed.
@Suite struct PinTests {
    actor OwnPin: GenerationPin {
        enum Fault { case forgetful, losing, oneForAll }
        private var states: [String: Fieldward.PinnedState] = [:]
        private var before: @Sendable () async throws -> Void = {}
        private let fault: Fault?

        init(_ fault: Fault? = nil) { self.fault = fault }

        func tell(_ before: @escaping @Sendable () async throws -> Void) { self.before = before }
        func put(_ state: Fieldward.PinnedState) { states["device-7"] = state }
        func state() -> Fieldward.PinnedState? { states["device-7"] }

        func read(_ keyringID: String) async throws -> Fieldward.PinnedState? {
            try await before()
            return fault == .oneForAll ? states.values.first : states[keyringID]
        }

        func write(_ state: Fieldward.PinnedState, expected: Fieldward.PinnedState?) async throws -> Bool {
            try await before()
            if let fault, fault != .oneForAll { return fault == .forgetful }
            guard states[state.keyringID] == expected else { return false }
            states[state.keyringID] = state
            return true
        }
    }

    struct Older: KeyStore {
        let document: Data
        func load(_ keyringID: String) async throws -> Data? { document }
        func save(
            _ keyringID: String, expected: Fieldward.DocumentTag?, document: Data, tag: Fieldward.DocumentTag
        ) async throws -> Bool { false }
    }

    func pinned(
        _ provider: Fieldward.Provider, _ store: Fieldward.Store, _ pin: Fieldward.Pin, accept: Data? = nil
    ) -> KeyringConfig {
        var config = KeyringConfig(id: "device-7", providers: ["primary": provider], store: store, pin: pin)
        config.acceptIdentity = accept
        return config
    }

    @Test func olderDocument() async throws {
        let (provider, pin) = (try Fieldward.Provider.generated(), OwnPin())
        let keyring = try await pinned(provider, .memory(), .of(pin)).create()
        let export = try keyring.export()
        try await keyring.rotateImmediately()
        let state = try #require(await pin.state())
        #expect(state.keyringID == "device-7" && state.generation == 2 && state.epoch == 1)
        #expect(try state.rootIdentity == keyring.rootIdentity)
        #expect(try await thrown { _ = try await pinned(provider, .memory(), .of(pin)).create() }.code == "keyring_exists")
        // whoever writes the store puts the older document back
        #expect(
            try await thrown { _ = try await pinned(provider, .of(Older(document: export)), .of(pin)).open() }.code
                == "keyring_rolled_back")
        try await keyring.startEpoch()
        let elsewhere = Fieldward.Store.memory()
        let recovered = try await config(provider, elsewhere).recover(export: export)
        let refused = try await thrown { _ = try await pinned(provider, elsewhere, .of(pin)).open() }
        #expect(["keyring_rolled_back", "keyring_foreign"].contains(refused.code))
        _ = try await pinned(provider, elsewhere, .of(pin), accept: recovered.rootIdentity).open()
        #expect(await pin.state()?.epoch == 1, "the pin went with it")
    }

    @Test func pinThatFails() async throws {
        let (provider, store, pin) = (try Fieldward.Provider.generated(), Fieldward.Store.memory(), OwnPin())
        _ = try await pinned(provider, store, .of(pin)).create()
        await pin.tell { throw Broken(text: "999-41-1234") }
        let error = try await thrown { _ = try await pinned(provider, store, .of(pin)).open() }
        #expect(error.kind == .store && error.code == "pin_unavailable" && !"\(error)".contains("999-41"))
        #expect(error.underlying as? Broken == Broken(text: "999-41-1234"))
        await pin.tell { try await Task.sleep(nanoseconds: 600_000_000_000) }
        let late = try await thrown { _ = try await pinned(provider, store, .of(pin, timeout: 0.05)).open() }
        #expect(late.code == "pin_unavailable" && late.underlying != nil)
        await pin.tell {}
        let own = try #require(await pin.state())
        for wrong in [
            Fieldward.PinnedState(
                keyringID: "device-8", rootIdentity: own.rootIdentity, epoch: own.epoch, generation: own.generation),
            Fieldward.PinnedState(
                keyringID: "device-7", rootIdentity: Data(count: 31), epoch: own.epoch, generation: own.generation),
        ] {
            await pin.put(wrong)
            #expect(try await thrown { _ = try await pinned(provider, store, .of(pin)).open() }.code == "pin_malformed")
        }
        await pin.put(own)
        let keyring = try await pinned(provider, store, .of(pin)).open()
        // what it throws is the refusal of the call back
        await pin.tell { _ = try keyring.status() }
        #expect(try await thrown { try await keyring.rotateImmediately() }.code == "invalid_argument")
    }

    final class Pins: HostPins {
        let fault: OwnPin.Fault?
        init(_ fault: OwnPin.Fault?) { self.fault = fault }
        func make() -> FieldwardNative.Pin { Fieldward.Pin.of(OwnPin(fault)).of(Opening()) }
    }

    func broken(_ fault: OwnPin.Fault?) async throws -> String? {
        try await waiting { checkPin(pins: Pins(fault)) }
    }

    @Test func rules() async throws {
        #expect(try await broken(nil) == nil)
        #expect(try await broken(.forgetful)?.hasPrefix("broken rule: ") == true)
        #expect(try await broken(.losing)?.contains("pin cannot be read or written") == true, "it is not tried for ever")
        #expect(try await broken(.oneForAll)?.hasPrefix("broken rule: each keyring id has its own pin") == true)
    }
}

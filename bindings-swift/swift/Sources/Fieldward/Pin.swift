internal import FieldwardNative
import Foundation

/// A pin of yours: a place that remembers one state per keyring, out of reach of whoever writes the store. Which state comes after which is
/// the library's to say. Calls may come from any thread, and must not wait for the keyring that it pins: `invalid_argument`.
///
/// Whatever it throws is `pin_unavailable`, and the `underlying` error of what the caller sees.
public protocol GenerationPin: Sendable {
    /// What is remembered of a keyring; `nil` before the first use. A pin that fails throws.
    func read(_ keyringID: String) async throws -> PinnedState?

    /// Puts `state` in the place of `expected` (`nil`: nothing is remembered), in one step. True once it is durable, false if another one
    /// stands there.
    func write(_ state: PinnedState, expected: PinnedState?) async throws -> Bool
}

/// The newest state of a keyring that was seen. Nothing in it is secret.
public struct PinnedState: Sendable, Hashable, Codable {
    /// The keyring's id.
    public let keyringID: String
    /// What names the root, 32 bytes.
    public let rootIdentity: Data
    /// The root epoch.
    public let epoch: UInt32
    /// The document's generation.
    public let generation: UInt64

    public init(keyringID: String, rootIdentity: Data, epoch: UInt32, generation: UInt64) {
        (self.keyringID, self.rootIdentity) = (keyringID, rootIdentity)
        (self.epoch, self.generation) = (epoch, generation)
    }

    init(_ native: FieldwardNative.PinnedState) {
        (keyringID, rootIdentity) = (native.keyringId, native.rootIdentity)
        (epoch, generation) = (native.epoch, native.generation)
    }

    var native: FieldwardNative.PinnedState {
        .init(keyringId: keyringID, rootIdentity: rootIdentity, epoch: epoch, generation: generation)
    }
}

/// What remembers how far a keyring's document has come, so that an older one is refused.
public struct Pin: Sendable {
    let of: @Sendable (Opening) -> FieldwardNative.Pin

    /// Pins in a directory out of reach of whoever writes the store.
    public static func file(_ directory: String) -> Pin { shared(.file(directory: directory)) }

    /// A pin in memory: refuses older documents for as long as it lives.
    public static func memory() -> Pin { shared(.memory()) }

    /// A pin of yours. One that does not answer within so many seconds is cancelled: `pin_unavailable`.
    public static func of(_ pin: some GenerationPin, timeout: TimeInterval = 60) -> Pin {
        Pin { opening in .host(pin: Host(pin: pin, timeout: timeout, opening: opening)) }
    }

    private static func shared(_ native: FieldwardNative.Pin) -> Pin { Pin { _ in native } }
}

private final class Host: HostPin {
    let pin: any GenerationPin
    let timeout: TimeInterval
    let opening: Opening

    init(pin: any GenerationPin, timeout: TimeInterval, opening: Opening) {
        (self.pin, self.timeout, self.opening) = (pin, timeout, opening)
    }

    func read(keyringId: String) throws -> FieldwardNative.PinnedState? {
        let pin = pin
        return try opening.ask(.pin, within: timeout) { try await pin.read(keyringId) }?.native
    }

    func write(expected: FieldwardNative.PinnedState?, state: FieldwardNative.PinnedState) throws -> Bool {
        let (pin, expected, state) = (pin, expected.map(PinnedState.init), PinnedState(state))
        return try opening.ask(.pin, within: timeout) { try await pin.write(state, expected: expected) }
    }
}

import Foundation

/// For mechanisms without associated data: the secret and its context, to be wrapped as one.
enum ContextBinding {
    static let secretLength = 32

    static func bound(_ secret: Data, _ context: WrapContext) -> Data { secret + context.data }

    /// Takes apart what `bound` gave. Another context is refused as `provider_wrong_key`.
    static func secret(_ bound: Data, _ context: WrapContext) throws(FieldwardError) -> Data {
        guard bound.count > secretLength else { throw .provider("provider_bad_reply") }
        guard bound.dropFirst(secretLength) == context.data else { throw .provider("provider_wrong_key") }
        return Data(bound.prefix(secretLength))
    }
}

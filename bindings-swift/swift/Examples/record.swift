// Encrypt a record: sensitive fields become bytes for the database, with index columns beside them, and come back as they were.

import Fieldward
import Foundation

struct Patient: Codable {
    var patient_id: String
    var ssn: String?
    var ward: Int
}

@Sendable func record() async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("device-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let config = KeyringConfig(
        id: "device-7", providers: ["primary": try .newKeyFile(folder + "/root.key")], store: .file(folder + "/keys"),
        pin: .file(folder + "/pins"))
    let keyring = try await config.create()  // once; `open` and `.keyFile` from then on

    let patients = try keyring.records(.patient())
    let row = try patients.encrypt(Patient(patient_id: "p-7", ssn: "999-41-1234", ward: 3))
    // row["ssn"]?.data for the database, row["ssn_exact"]?.data stands beside it for search
    let patient = try patients.decrypt(Patient.self, from: row)

    print("columns \(row.keys.sorted().joined(separator: " "))")
    print("ssn \(row["ssn"]?.data?.count ?? 0) bytes, ward \(patient.ward)")
    print("read \(patient.ssn ?? "nothing")")
    keyring.close()
    try FileManager.default.removeItem(atPath: folder)
}

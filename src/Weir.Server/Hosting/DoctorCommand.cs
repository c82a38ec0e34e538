using System.Buffers;
using System.CommandLine;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

using Weir.PostgreSql;
using Weir.Sqlite;

namespace Weir.Server;

/// <summary><c>weir doctor</c>: names what is wrong with a store, or with what it stands on, and what to do. It changes nothing.</summary>
internal static class DoctorCommand
{
    private const int MostNodes = 1_000;

    // For people and for programs that read JSON, not for a page.
    private static readonly JsonWriterOptions s_json = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Create()
    {
        Option<string> data = new("--data") { Description = "Folder of a server, running or stopped.", DefaultValueFactory = _ => DataFolder.Default };
        Option<string?> postgres = PostgreSqlConnection.Option("A PostgreSQL database, as the role that nodes serve with.");
        Option<int> nodes = new("--nodes") { Description = "How many nodes serve from the database, with those of an upgrade that overlaps: for the number of connections.", DefaultValueFactory = _ => 1 };
        nodes.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > MostNodes)
            {
                result.AddError($"--nodes is a number from 1 to {MostNodes}.");
            }
        });
        Option<bool> json = new("--json") { Description = "Print one JSON document." };
        Command command = new("doctor", "Look for what keeps nodes from serving, what could lose or show what it must not, and what will go wrong one day; say what to do, and end with 2 when there is a fault. Changes nothing.")
        {
            data, postgres, nodes, json,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            Examination found = PostgreSqlConnection.Read(parsed, postgres, data, insecureOwner: false) is { } database
                ? await PostgreSqlDoctor.ExamineAsync(database, parsed.GetValue(nodes), TimeProvider.System, cancellationToken)
                : SqliteDoctor.Examine(DataFolder.FileIn(parsed.GetRequiredValue(data)));
            Console.WriteLine(parsed.GetValue(json) ? Json(found) : Text(found));
            return found.IsSound ? ExitCodes.Done : ExitCodes.Differences;
        });
        return command;
    }

    private static string Text(Examination found)
    {
        StringBuilder text = new();
        text.AppendLine(found.Subject);
        foreach (Finding finding in found.Findings)
        {
            text.AppendLine($"{Name(finding.Level)} {finding.Check}: {finding.What}").AppendLine($"  do: {finding.Remedy}");
        }

        int faults = found.Findings.Count(finding => finding.Level == FindingLevel.Fault);
        return text.Append($"{faults} {(faults == 1 ? "fault" : "faults")}, {found.Findings.Count - faults} {(found.Findings.Count - faults == 1 ? "warning" : "warnings")}").ToString();
    }

    private static string Json(Examination found)
    {
        ArrayBufferWriter<byte> bytes = new();
        using (Utf8JsonWriter writer = new(bytes, s_json))
        {
            writer.WriteStartObject();
            writer.WriteString("subject"u8, found.Subject);
            writer.WriteBoolean("sound"u8, found.IsSound);
            writer.WriteStartArray("findings"u8);
            foreach (Finding finding in found.Findings)
            {
                writer.WriteStartObject();
                writer.WriteString("level"u8, Name(finding.Level));
                writer.WriteString("check"u8, finding.Check);
                writer.WriteString("what"u8, finding.What);
                writer.WriteString("do"u8, finding.Remedy);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    private static string Name(FindingLevel level) => level == FindingLevel.Fault ? "fault" : "warning";
}

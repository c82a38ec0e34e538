using System.Buffers;
using System.CommandLine;
using System.Runtime.CompilerServices;

using CsvHelper;

using NodaTime;
using NodaTime.Text;

using Weir.Engine;

namespace Weir.Server;

/// <summary><c>weir export</c>: the events of the log, in a form that <c>weir import</c> takes again.</summary>
internal static class ExportCommand
{
    public static Command Create()
    {
        Option<string> data = new("--data") { Description = "Folder of a server, running or stopped.", DefaultValueFactory = _ => DataFolder.Default };
        Option<string?> postgres = PostgreSqlConnection.Option("A PostgreSQL database, as the runtime role.");
        Option<string> workspace = new("--workspace") { Description = "The workspace.", DefaultValueFactory = _ => Workspace.DefaultKey };
        Option<string?> output = new("--out") { Description = "The file to write; the standard output when left out." };
        Option<string?> format = new("--format") { Description = "jsonl or csv; the file's name says it when left out." };
        Option<string?> account = new("--account") { Description = "Only this account." };
        Option<string?> type = new("--type") { Description = "Only this event type." };
        Option<string?> user = new("--user") { Description = "Only this user." };
        Option<string?> campaign = new("--campaign") { Description = "Only this campaign." };
        Option<string?> model = new("--model") { Description = "Only this model." };
        Option<string?> status = new("--status") { Description = "Only this status." };
        Option<string?> from = new("--from") { Description = "Only what happened at or after this time (RFC 3339, or a date in UTC)." };
        Option<string?> to = new("--to") { Description = "Only what happened before this time." };
        Option<bool> reversed = new("--reversed") { Description = "Also events that were taken back." };
        Option<bool> charges = new("--charges") { Description = "Also what each event was charged. An import does not take these: it rates events itself." };
        Command command = new("export", "Write the events of the log as JSON Lines or CSV. Works while the server runs, and has the log as it was when it began.")
        {
            data, postgres, workspace, output, format, account, type, user, campaign, model, status, from, to, reversed, charges,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            LedgerFilter filter = new()
            {
                Account = parsed.GetValue(account) is { } key ? Parse(() => AccountKey.Parse(key)) : null,
                Type = parsed.GetValue(type),
                User = parsed.GetValue(user),
                Campaign = parsed.GetValue(campaign),
                Model = parsed.GetValue(model),
                Status = parsed.GetValue(status),
                From = Time(parsed.GetValue(from), "--from"),
                To = Time(parsed.GetValue(to), "--to"),
                Ascending = true,
                Limit = LedgerFilter.LargestLimit,
            };
            EventFileFormat form = EventFile.FormatOf(parsed.GetValue(format), parsed.GetValue(output));
            await using LocalStore local = await LocalStore.OpenAsync(parsed, postgres, data, parsed.GetRequiredValue(workspace), readOnly: true, cancellationToken);
            Stream stream = parsed.GetValue(output) is { } file ? File.Create(file) : Console.OpenStandardOutput();
            await using (stream)
            {
                await WriteAsync(local, filter, parsed.GetValue(reversed), parsed.GetValue(charges), form, stream, cancellationToken);
            }

            return ExitCodes.Done;
        });
        return command;
    }

    private static async Task WriteAsync(
        LocalStore local, LedgerFilter filter, bool reversed, bool charges, EventFileFormat format, Stream stream, CancellationToken cancellationToken)
    {
        (_, Catalog catalog) = await local.Services.GetRequiredService<CatalogService>().ActiveAsync(local.Workspace.Id, cancellationToken);
        IWeirStore store = local.Services.GetRequiredService<IWeirStore>();
        // A folder is opened as it stands at one moment.
        await using IWeirStore? look = await store.LookAsync(cancellationToken);
        ILedgerStore ledger = (look ?? store).Ledger;
        long erased = 0;
        if (format == EventFileFormat.Csv)
        {
            await using CsvWriter csv = CsvWriter.Create(stream, CsvWriterOptions.Default, leaveOpen: true);
            await csv.WriteRecordAsync([.. charges ? EventFile.Columns.Append("charges") : EventFile.Columns], cancellationToken);
            await foreach (LedgerRecord record in ReadAsync(ledger, local.Workspace.Id, filter, reversed, cancellationToken))
            {
                if (record.Account is { } account)
                {
                    await csv.WriteRecordAsync([.. EventText.Fields(record, account, catalog.Currency, charges)], cancellationToken);
                }
                else
                {
                    erased++;
                }
            }
        }
        else
        {
            ArrayBufferWriter<byte> buffer = new(64 * 1024);
            await foreach (LedgerRecord record in ReadAsync(ledger, local.Workspace.Id, filter, reversed, cancellationToken))
            {
                if (record.Account is { } account)
                {
                    EventText.WriteJson(buffer, record, account, catalog.Currency, charges);
                    buffer.Write("\n"u8);
                }
                else
                {
                    erased++;
                }

                if (buffer.WrittenCount > 48 * 1024)
                {
                    await stream.WriteAsync(buffer.WrittenMemory, cancellationToken);
                    buffer.Clear();
                }
            }

            await stream.WriteAsync(buffer.WrittenMemory, cancellationToken);
        }

        if (erased > 0)
        {
            await Console.Error.WriteLineAsync($"weir: {erased} events of erased accounts were left out: nothing says whose they were.");
        }
    }

    /// <summary>Events of the log, page by page; corrections are not events.</summary>
    private static async IAsyncEnumerable<LedgerRecord> ReadAsync(
        ILedgerStore ledger, WorkspaceId workspace, LedgerFilter filter, bool reversed, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            IReadOnlyList<LedgerRecord> page = await ledger.ReadAsync(workspace, filter, cancellationToken);
            foreach (LedgerRecord record in page)
            {
                if (record.Entry.Kind == EntryKind.Usage && (reversed || record.ReversedAt is null))
                {
                    yield return record;
                }
            }

            if (page.Count < filter.Limit)
            {
                yield break;
            }

            filter = filter with { Cursor = page[^1].Sequence };
        }
    }

    private static Instant? Time(string? text, string option)
    {
        if (text is null)
        {
            return null;
        }

        ParseResult<OffsetDateTime> time = OffsetDateTimePattern.Rfc3339.Parse(text);
        ParseResult<LocalDate> date = LocalDatePattern.Iso.Parse(text);
        return time.Success ? time.Value.ToInstant()
            : date.Success ? date.Value.AtMidnight().InUtc().ToInstant()
            : throw new CommandException($"{option} '{text}' is not a time; write 2026-11-21T09:30:00Z or 2026-11-21.");
    }

    private static AccountKey Parse(Func<AccountKey> parse)
    {
        try
        {
            return parse();
        }
        catch (FormatException exception)
        {
            throw new CommandException(exception.Message);
        }
    }
}

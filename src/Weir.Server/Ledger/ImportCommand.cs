using System.CommandLine;
using System.Net.Http.Headers;
using System.Text.Json;

using Spectre.Console;

namespace Weir.Server;

/// <summary><c>weir import</c>: events from a file, into a running server or the folder of a stopped one.</summary>
internal static class ImportCommand
{
    /// <summary>Lines and bytes that go in one request.</summary>
    private const int ChunkLines = 2000;

    private const int ChunkBytes = 4 * 1024 * 1024;

    /// <summary>Refusals that are printed; all are counted.</summary>
    private const int MostPrinted = 1000;

    public static Command Create()
    {
        Argument<string> file = new("FILE") { Description = "JSON Lines (.jsonl) or CSV (.csv) of events; '-' is the standard input." };
        Option<string?> format = new("--format") { Description = "jsonl or csv; the file's name says it when left out." };
        Option<bool> live = new("--live")
        {
            Description = "Record the events as if they were sent now. Otherwise they are history: of any age, in periods that ended before the account's first live event.",
        };
        TargetOptions target = new();
        Command command = new("import", "Import events. An interrupted import is repeated from the start: ids are recorded once.") { file, format, live };
        target.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            string name = parsed.GetRequiredValue(file);
            EventFileFormat form = EventFile.FormatOf(parsed.GetValue(format), name == "-" ? null : name);
            bool history = !parsed.GetValue(live);
            await using Stream stream = name == "-" ? Console.OpenStandardInput() : File.OpenRead(name);
            using RemoteServer? remote = target.Remote(parsed);
            await using LocalStore? local = remote is null ? await target.OpenAsync(parsed, cancellationToken) : null;
            Func<IReadOnlyList<ImportLine>, Task<ImportReport>> send = remote is not null
                ? lines => SendAsync(remote, lines, history, cancellationToken)
                : lines => local!.Services.GetRequiredService<ImportService>().ImportAsync(local.Workspace.Id, lines.ToAsyncEnumerable(), history, cancellationToken);
            Sum sum = await RunAsync(stream, form, name == "-" ? null : stream.Length, send, cancellationToken);
            return Report(sum);
        });
        return command;
    }

    private static async Task<Sum> RunAsync(
        Stream stream, EventFileFormat format, long? length, Func<IReadOnlyList<ImportLine>, Task<ImportReport>> send, CancellationToken cancellationToken)
    {
        Sum sum = new();
        if (Console.IsErrorRedirected)
        {
            await SendAllAsync(stream, format, sum, send, static _ => { }, cancellationToken);
            return sum;
        }

        // The figures go to the standard output, the bar beside them to the error output.
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        await console.Progress().Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn()).StartAsync(async context =>
        {
            ProgressTask task = context.AddTask("Importing", maxValue: Math.Max(1, length ?? 1));
            task.IsIndeterminate = length is null;
            await SendAllAsync(stream, format, sum, send, _ => task.Value = length is null ? 0 : stream.Position, cancellationToken);
            task.Value = task.MaxValue;
        });
        return sum;
    }

    private static async Task SendAllAsync(
        Stream stream, EventFileFormat format, Sum sum, Func<IReadOnlyList<ImportLine>, Task<ImportReport>> send, Action<long> progress, CancellationToken cancellationToken)
    {
        List<ImportLine> chunk = new(ChunkLines);
        long bytes = 0;
        await foreach (ImportLine line in EventFile.ReadAsync(stream, format, cancellationToken))
        {
            if (line.Json.Length > EventBounds.LargestEvent)
            {
                sum.Refuse(new ImportRefusal(line.Number, null, "payload_too_large", "", $"The event has {line.Json.Length} bytes; it may have at most {EventBounds.LargestEvent}."));
                continue;
            }

            chunk.Add(line);
            bytes += line.Json.Length;
            if (chunk.Count == ChunkLines || bytes >= ChunkBytes)
            {
                sum.Add(await send(chunk), chunk);
                progress(sum.Lines);
                chunk.Clear();
                bytes = 0;
            }
        }

        if (chunk.Count > 0)
        {
            sum.Add(await send(chunk), chunk);
        }
    }

    private static async Task<ImportReport> SendAsync(RemoteServer remote, IReadOnlyList<ImportLine> lines, bool history, CancellationToken cancellationToken)
    {
        using MemoryStream body = new();
        foreach (ImportLine line in lines)
        {
            body.Write(line.Json.Span);
            body.WriteByte((byte)'\n');
        }

        using ByteArrayContent content = new(body.ToArray());
        content.Headers.ContentType = new MediaTypeHeaderValue("application/jsonl");
        JsonElement answer = await remote.SendAsync(HttpMethod.Post, history ? "import" : "import?live=true", content, cancellationToken);
        ImportReport report = answer.Deserialize<ImportReport>(JsonSerializerOptions.Web) ?? throw new CommandException("The server's answer cannot be read. Is --url the address of a Weir server?");
        // The server counts the lines of this body.
        return report with { Refusals = [.. report.Refusals.Select(r => r with { Line = lines[(int)r.Line - 1].Number })] };
    }

    private static int Report(Sum sum)
    {
        foreach (ImportRefusal refusal in sum.Refusals)
        {
            Console.Error.WriteLine($"line {refusal.Line}: {refusal.Code}: {(refusal.Pointer.Length == 0 ? "" : refusal.Pointer + ": ")}{refusal.Detail}");
        }

        if (sum.Refused > sum.Refusals.Count)
        {
            Console.Error.WriteLine($"… and {sum.Refused - sum.Refusals.Count} more");
        }

        Console.WriteLine($"{sum.Lines} lines: {sum.Recorded} recorded, {sum.Duplicates} were there already, {sum.Refused} refused");
        return sum.Refused == 0 ? ExitCodes.Done : ExitCodes.Failed;
    }

    private sealed class Sum
    {
        private readonly List<ImportRefusal> _refusals = [];

        public long Lines { get; private set; }

        public long Recorded { get; private set; }

        public long Duplicates { get; private set; }

        public long Refused { get; private set; }

        public IReadOnlyList<ImportRefusal> Refusals => _refusals;

        public void Add(ImportReport report, IReadOnlyList<ImportLine> chunk)
        {
            Lines += chunk.Count;
            Recorded += report.Recorded;
            Duplicates += report.Duplicates;
            Refused += report.Refused;
            _refusals.AddRange(report.Refusals.Take(MostPrinted - _refusals.Count));
        }

        public void Refuse(ImportRefusal refusal)
        {
            Lines++;
            Refused++;
            if (_refusals.Count < MostPrinted)
            {
                _refusals.Add(refusal);
            }
        }
    }
}

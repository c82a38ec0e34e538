using System.Diagnostics;

using Weir.Server.Tests.Program;

namespace Weir.Client.Tests;

/// <summary>The operating system itself fails under a process that records.</summary>
public sealed class SyncFaultTests
{
    /// <summary>Records that a kill may have met between the disk and the book, one each.</summary>
    private const int Kills = 3;

    [Fact(DisplayName = "SPOOL-1: while fdatasync fails nothing is acknowledged, and what was acknowledged before is there")]
    public async Task FailedSync()
    {
        using TemporaryFolder folder = new();
        await using Sender sender = await Sender.StartAsync(folder);
        await sender.KilledUnderAsync(["-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO"], () => sender.SeesAsync("- ", 20));
        string[] book = sender.Book();
        int refused = Array.FindIndex(book, line => line[0] == '-');
        Assert.DoesNotContain(book[refused..], line => line[0] == '+');
        await ComparedAsync(folder, book);
    }

    [Fact(DisplayName = "SPOOL-3: while a write finds no space its record is refused, and nothing of what was acknowledged is lost")]
    public async Task FailedWrite()
    {
        using TemporaryFolder folder = new();
        await using Sender sender = await Sender.StartAsync(folder);
        string segment = Directory.EnumerateFiles(folder.File("spool"), "*.spool", SearchOption.AllDirectories).Single();
        await sender.KilledUnderAsync(["-P", segment, "-e", "trace=pwrite64", "-e", "inject=pwrite64:error=ENOSPC"], () => sender.SeesAsync("- ", 20));
        string[] book = sender.Book();
        int refused = Array.FindIndex(book, line => line[0] == '-');
        Assert.DoesNotContain(book[refused..], line => line[0] == '+');
        await ComparedAsync(folder, book);
    }

    [Fact(DisplayName = "SPOOL-4: kill -9 at any moment: every record that was acknowledged arrives once")]
    public async Task Killed()
    {
        using TemporaryFolder folder = new();
        List<string> book = [];
        for (int i = 0; i < 3; i++)
        {
            await using Sender sender = await Sender.StartAsync(folder, i);
            await sender.SeesAsync("+ ", 200);
            await sender.KillAsync();
            book.AddRange(sender.Book());
        }

        await ComparedAsync(folder, [.. book]);
    }

    /// <summary>What the next process delivers is what was acknowledged, and at most the record that the kill met.</summary>
    private static async Task ComparedAsync(TemporaryFolder folder, string[] book)
    {
        string[] acknowledged = [.. book.Where(line => line[0] == '+').Select(line => line[2..])];
        Ledger ledger = new();
        await using WeirClient client = Clients.Of(ledger.Wire, o => o.Spool.Folder = folder.File("spool"));
        await Clients.UntilAsync(() => ledger.Ids.Count >= acknowledged.Length && client.SpoolHealth!.WaitingRecords == 0, () => client.SpoolHealth!.ToString());
        Assert.Empty(acknowledged.Except(ledger.Ids, StringComparer.Ordinal));
        Assert.InRange(ledger.Ids.Count, acknowledged.Length, acknowledged.Length + Kills);
        Assert.DoesNotContain(book.Where(line => line[0] == '-').Select(line => line[2..]), ledger.Ids.Contains);
        Assert.Equal(0, client.SpoolHealth!.Quarantined);
    }

    /// <summary>A process that records one after the other, without a server.</summary>
    private sealed class Sender : IAsyncDisposable
    {
        private readonly Process _process;
        private readonly string _book;

        private Sender(Process process, string book)
        {
            _process = process;
            _book = book;
        }

        public static async Task<Sender> StartAsync(TemporaryFolder folder, int number = 0)
        {
            string book = folder.File($"book-{number}");
            ProcessStartInfo start = new(
                Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
                [
                    Path.Combine(AppContext.BaseDirectory, "Weir.Chaos.dll"), "spool-sender", "--server", "http://127.0.0.1:1", "--key", "weir_test_key", "--spool",
                    folder.File("spool"), "--name", $"s{number}", "--book", book, "--rate", "0",
                ])
            {
                RedirectStandardInput = true,
                UseShellExecute = false,
            };
            Sender sender = new(Process.Start(start)!, book);
            await sender.SeesAsync("+ ", 5);
            return sender;
        }

        /// <summary>The lines that are whole.</summary>
        public string[] Book()
        {
            if (!File.Exists(_book))
            {
                return [];
            }

            using StreamReader reader = new(new FileStream(_book, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
            string text = reader.ReadToEnd();
            return text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }

        public Task SeesAsync(string what, int count) => Clients.UntilAsync(
            () => _process.HasExited
                ? throw new InvalidOperationException($"The sender ended with {_process.ExitCode}.")
                : Book().Count(line => line.StartsWith(what, StringComparison.Ordinal)) >= count,
            () => string.Join('\n', Book().TakeLast(5)));

        /// <summary>Lets the operating system answer the process's calls with an error for as long as <paramref name="meanwhile"/> takes, and then kills it.</summary>
        public async Task KilledUnderAsync(string[] fault, Func<Task> meanwhile)
        {
            Process tracer;
            try
            {
                tracer = Process.Start(new ProcessStartInfo("strace", ["-f", "-qq", "-o", "/dev/null", "-p", _process.Id.ToString(), .. fault]) { RedirectStandardError = true, UseShellExecute = false })!;
            }
            catch (System.ComponentModel.Win32Exception)
            {
                Assert.Skip("strace is not installed.");
                return;
            }

            using (tracer)
            {
                Task<string> said = tracer.StandardError.ReadToEndAsync();
                try
                {
                    Task first = await Task.WhenAny(meanwhile(), tracer.WaitForExitAsync());
                    Assert.SkipWhen(tracer.HasExited && (await said).Contains("ptrace", StringComparison.Ordinal), "Processes may not be traced here.");
                    await first;
                }
                finally
                {
                    // A tracer that lets go of a running process can stop it for good; of a dead one it must let go.
                    await KillAsync();
                    tracer.Kill();
                    await tracer.WaitForExitAsync();
                }
            }
        }

        public async Task KillAsync()
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        public async ValueTask DisposeAsync()
        {
            if (!_process.HasExited)
            {
                await KillAsync();
            }

            _process.Dispose();
        }
    }
}

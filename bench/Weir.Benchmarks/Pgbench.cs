using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Weir.Benchmarks;

/// <summary>The peer: what a host would write by hand, a prepared transaction for each request, driven by PostgreSQL's own tool.</summary>
internal static partial class Pgbench
{
    /// <summary>Transactions per second, and pgbench's own processor time.</summary>
    /// <param name="seed">Part of the ids, so that no run repeats those of another.</param>
    public static async Task<(double Rate, TimeSpan Processor)> RunAsync(PostgreSqlServer server, string database, int clients, int seconds, int seed)
    {
        ProcessStartInfo start = new("pgbench") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])
        [
            "-h", server.Folder, "-U", PostgreSqlServer.Superuser, "-n", "-M", "prepared", "-c", Text(clients), "-j", "1", "-T", Text(seconds),
            "-D", $"seed={Text(seed)}", "-D", "n=0", "-f", Path.Combine(AppContext.BaseDirectory, "peer-consume.sql"), database,
        ])
        {
            start.ArgumentList.Add(argument);
        }

        TimeSpan before = OfEndedChildren();
        using Process pgbench = Process.Start(start) ?? throw new InvalidOperationException("pgbench did not start; install it (Debian: apt-get install postgresql-contrib).");
        Task<string> errors = pgbench.StandardError.ReadToEndAsync();
        string output = await pgbench.StandardOutput.ReadToEndAsync();
        await pgbench.WaitForExitAsync();
        return pgbench.ExitCode == 0
            ? (double.Parse(TransactionsPerSecond().Match(output).Groups["rate"].Value, CultureInfo.InvariantCulture), OfEndedChildren() - before)
            : throw new InvalidOperationException("pgbench failed:" + Environment.NewLine + await errors);
    }

    /// <summary>Processor time of the processes that this one started and that have ended: an ended one itself can no longer be asked.</summary>
    private static TimeSpan OfEndedChildren()
    {
        string stat = File.ReadAllText("/proc/self/stat");
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return TimeSpan.FromSeconds(fields[13..15].Sum(field => long.Parse(field, CultureInfo.InvariantCulture)) / (double)PostgreSqlServer.TicksPerSecond);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"tps = (?<rate>[0-9.]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex TransactionsPerSecond();
}

using System.Diagnostics;
using System.Net.Http.Headers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace Weir.Server.Tests.Program;

/// <summary>What a command of the program left behind.</summary>
public sealed record CommandResult(int Code, string Output, string Error);

/// <summary>Runs the built program as a process of its own.</summary>
public static class WeirProcess
{
    /// <summary>Far beyond what a busy machine needs: only a program that hangs meets it.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>In the environment of a process: another <c>Weir.Server.dll</c> to run in place of the one that was built with the tests.</summary>
    public const string OtherProgram = "WEIR_OTHER_PROGRAM";

    public static async Task<CommandResult> RunAsync(params string[] arguments)
    {
        using Process process = Start(arguments, new Dictionary<string, string?>());
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        using CancellationTokenSource late = new(Patience);
        try
        {
            await process.WaitForExitAsync(late.Token);
        }
        catch (OperationCanceledException exception)
        {
            process.Kill();
            throw new TimeoutException($"weir {string.Join(' ', arguments)} did not end.", exception);
        }

        return new CommandResult(process.ExitCode, await output, await error);
    }

    public static Process Start(IEnumerable<string> arguments, IReadOnlyDictionary<string, string?> environment)
    {
        ProcessStartInfo start = new(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        start.ArgumentList.Add(environment.GetValueOrDefault(OtherProgram) ?? Path.Combine(AppContext.BaseDirectory, "Weir.Server.dll"));
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment.Remove("WEIR_ADMIN_KEY");
        start.Environment.Remove("OTEL_EXPORTER_OTLP_ENDPOINT");
        foreach ((string name, string? value) in environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start) ?? throw new InvalidOperationException("The program did not start.");
    }
}

/// <summary>A server of the program on a folder, on a free port.</summary>
public sealed partial class RunningServer : IAsyncDisposable
{
    public const string AdminKey = "a-key-for-tests-of-at-least-32-characters";

    private const int Terminate = 15;
    private const int Continue = 18;
    private const int Stop = 19;

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _log = new();
    private readonly TaskCompletionSource<string> _serving = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<(string Text, TaskCompletionSource Seen)> _awaited = [];

    private RunningServer(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Append(_output, line.Data);
        process.ErrorDataReceived += (_, line) => Read(line.Data);
        process.Exited += (_, _) =>
        {
            // The last lines may be on their way still; this waits for the end of both outputs.
            process.WaitForExit();
            _serving.TrySetException(new InvalidOperationException("The server ended: " + Log));
        };
        process.EnableRaisingEvents = true;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public string Url { get; private set; } = "";

    /// <summary>A client with the admin key of tests.</summary>
    public HttpClient Client { get; private set; } = null!;

    /// <summary>What was printed for a person; complete once the server has ended.</summary>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    public string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    /// <param name="folder">Null for a server that keeps its data elsewhere.</param>
    /// <param name="adminKey">The text of WEIR_ADMIN_KEY; null leaves it out.</param>
    public static Task<RunningServer> StartAsync(string? folder, string? adminKey = AdminKey, params string[] arguments) =>
        StartAsync(folder, adminKey, new Dictionary<string, string?>(), arguments);

    /// <param name="environment">What stands in the environment beside the admin key.</param>
    public static async Task<RunningServer> StartAsync(string? folder, string? adminKey, IReadOnlyDictionary<string, string?> environment, params string[] arguments)
    {
        Process process = WeirProcess.Start(
            ["serve", "--urls", "http://127.0.0.1:0", .. folder is null ? (string[])[] : ["--data", folder], .. arguments], new Dictionary<string, string?>(environment) { ["WEIR_ADMIN_KEY"] = adminKey });
        process.StandardInput.Close();
        RunningServer server = new(process);
        try
        {
            server.Url = await server._serving.Task.WaitAsync(WeirProcess.Patience);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }

        server.Client = server.ClientWith(adminKey ?? "");
        return server;
    }

    public HttpClient ClientWith(string key)
    {
        HttpClient client = new(new SocketsHttpHandler { MaxConnectionsPerServer = 256 }) { BaseAddress = new Uri(Url), Timeout = WeirProcess.Patience };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return client;
    }

    /// <summary>Ends when the log has had a line with the text.</summary>
    public Task SeesAsync(string text)
    {
        TaskCompletionSource seen = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_log)
        {
            if (_log.ToString().Contains(text, StringComparison.Ordinal))
            {
                return Task.CompletedTask;
            }

            _awaited.Add((text, seen));
        }

        return seen.Task.WaitAsync(WeirProcess.Patience);
    }

    /// <summary>As a supervisor stops it: SIGTERM. Gives the exit code.</summary>
    public async Task<int> StopAsync()
    {
        _ = Kill(_process.Id, Terminate);
        return await EndAsync();
    }

    /// <summary>As the power cut does: SIGKILL.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await EndAsync();
    }

    /// <summary>The process stands still: its connections stay, it does nothing.</summary>
    public void Freeze() => _ = Kill(_process.Id, Stop);

    public void Thaw() => _ = Kill(_process.Id, Continue);

    public async ValueTask DisposeAsync()
    {
        Client?.Dispose();
        if (!_process.HasExited)
        {
            _process.Kill();
            await EndAsync();
        }

        _process.Dispose();
    }

    private async Task<int> EndAsync()
    {
        using CancellationTokenSource late = new(WeirProcess.Patience);
        await _process.WaitForExitAsync(late.Token);
        return _process.ExitCode;
    }

    private void Read(string? line)
    {
        Append(_log, line);
        if (line is null)
        {
            return;
        }

        if (Serving().Match(line) is { Success: true } match)
        {
            _serving.TrySetResult(match.Groups["url"].Value);
        }

        lock (_log)
        {
            foreach ((_, TaskCompletionSource seen) in _awaited.Where(a => line.Contains(a.Text, StringComparison.Ordinal)))
            {
                seen.TrySetResult();
            }
        }
    }

    private static void Append(StringBuilder text, string? line)
    {
        lock (text)
        {
            text.AppendLine(line);
        }
    }

    [GeneratedRegex(@"Serving (?<url>http://[^ ]+) from", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Serving();

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int process, int signal);
}

/// <summary>A folder that is gone when the test is over.</summary>
public sealed class TemporaryFolder : IDisposable
{
    public TemporaryFolder() => Path = Directory.CreateTempSubdirectory("weir-").FullName;

    public string Path { get; }

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public string Write(string name, string text)
    {
        System.IO.File.WriteAllText(File(name), text);
        return File(name);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

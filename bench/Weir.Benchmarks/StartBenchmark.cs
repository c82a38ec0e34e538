using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Weir.Benchmarks;

/// <summary>The server program on an empty folder: from the start of the process to its first answer, and its memory when idle.</summary>
internal static class StartBenchmark
{
    private const int Runs = 5;

    public static async Task RunAsync()
    {
        string program = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../Weir.Server/release/Weir.Server.dll"));
        if (!File.Exists(program))
        {
            throw new FileNotFoundException("Build the server first: dotnet build src/Weir.Server -c Release.", program);
        }

        List<double> starts = [];
        List<double> memories = [];
        using HttpClient client = new() { Timeout = TimeSpan.FromSeconds(2) };
        for (int run = 0; run < Runs; run++)
        {
            string folder = Directory.CreateTempSubdirectory("weir-bench-start-").FullName;
            int port = FreePort();
            ProcessStartInfo info = new("dotnet") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
            foreach (string argument in (string[])[program, "serve", "--urls", $"http://127.0.0.1:{port}", "--data", folder])
            {
                info.ArgumentList.Add(argument);
            }

            long begin = Stopwatch.GetTimestamp();
            using Process server = Process.Start(info) ?? throw new InvalidOperationException("The server did not start.");
            server.OutputDataReceived += static (_, _) => { };
            server.ErrorDataReceived += static (_, _) => { };
            server.BeginOutputReadLine();
            server.BeginErrorReadLine();
            while (!await AnswersAsync(client, $"http://127.0.0.1:{port}/health/live"))
            {
                if (server.HasExited)
                {
                    throw new InvalidOperationException($"The server ended with {server.ExitCode}.");
                }

                await Task.Delay(5);
            }

            starts.Add(Stopwatch.GetElapsedTime(begin).TotalMilliseconds);
            await Task.Delay(TimeSpan.FromSeconds(3));
            server.Refresh();
            memories.Add(server.WorkingSet64 / 1048576.0);
            server.Kill();
            await server.WaitForExitAsync();
            Directory.Delete(folder, recursive: true);
        }

        starts.Sort();
        memories.Sort();
        Console.WriteLine($"start to first answer: {starts[Runs / 2]:F0} ms (median of {Runs}; target below 1,000)");
        Console.WriteLine($"idle memory:           {memories[Runs / 2]:F0} MB resident (median of {Runs}; target below 150)");
    }

    private static async Task<bool> AnswersAsync(HttpClient client, string url)
    {
        try
        {
            using HttpResponseMessage answer = await client.GetAsync(url);
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

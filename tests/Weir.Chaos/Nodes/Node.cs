using Npgsql;

using Weir.Server.Tests.Program;
using Weir.Storage.Tests;

namespace Weir.Chaos;

/// <summary>One <c>weir serve --postgres</c> behind a wire of its own. It may be gone for a while; then nobody can be asked there.</summary>
internal sealed class Node : IAsyncDisposable
{
    private readonly string _connection;
    private RunningServer? _server;

    public Node(int number, PostgreSqlServer database, string name, string role)
    {
        Number = number;
        Wire = new Wire(database.Socket);
        _connection = new NpgsqlConnectionStringBuilder
        {
            Host = "127.0.0.1", Port = Wire.Port, Database = name, Username = role, ApplicationName = ApplicationName,
        }.ConnectionString;
    }

    public int Number { get; }

    public string ApplicationName => $"node-{Number + 1}";

    public Wire Wire { get; }

    /// <summary>The environment of the process, beside its key.</summary>
    public Dictionary<string, string?> Environment { get; } = new(StringComparer.Ordinal);

    /// <exception cref="HttpRequestException">It is not running.</exception>
    public HttpClient Client => _server?.Client ?? throw new HttpRequestException($"{ApplicationName} is not running.");

    public string Log => _server?.Log ?? "";

    public async Task StartAsync() => _server = await RunningServer.StartAsync(null, RunningServer.AdminKey, Environment, "--postgres", _connection);

    public void Freeze() => _server?.Freeze();

    public void Thaw() => _server?.Thaw();

    public async Task KillAsync()
    {
        if (Interlocked.Exchange(ref _server, null) is { } server)
        {
            await server.KillAsync();
            await server.DisposeAsync();
        }
    }

    /// <summary>As a supervisor ends it. Gives what went wrong with that, or null.</summary>
    public async Task<string?> StopAsync()
    {
        if (Interlocked.Exchange(ref _server, null) is not { } server)
        {
            return null;
        }

        int code = await server.StopAsync();
        string log = server.Log;
        await server.DisposeAsync();
        return code == 0 ? null : $"{ApplicationName} ended with {code}: {log}";
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        await Wire.DisposeAsync();
    }
}

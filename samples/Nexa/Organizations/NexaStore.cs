using Microsoft.Data.Sqlite;

namespace Nexa;

internal sealed record TeamMember(string User, DateTimeOffset Since);

internal sealed record Asset(string Id, string Name, long Bytes, DateTimeOffset At);

/// <summary>Nexa's own data: who is in which organization's team, and what files it has. Usage is Weir's.</summary>
internal sealed class NexaStore
{
    private readonly string _database;
    private readonly string _files;
    private readonly TimeProvider _time;

    public NexaStore(string folder, TimeProvider time)
    {
        _database = new SqliteConnectionStringBuilder { DataSource = Path.Combine(folder, "nexa.db") }.ToString();
        _files = Directory.CreateDirectory(Path.Combine(folder, "assets")).FullName;
        _time = time;
        Execute("create table if not exists team (organization text not null, user text not null, since text not null, primary key (organization, user)) strict");
        Execute("create table if not exists asset (id text primary key, organization text not null, name text not null, bytes integer not null, at text not null) strict");
    }

    /// <summary>False when he is in the team already.</summary>
    public bool AddMember(string organization, string user) =>
        Execute("insert into team values ($organization, $user, $at) on conflict do nothing", ("$organization", organization), ("$user", user), ("$at", Now())) == 1;

    /// <summary>False when he is not in the team.</summary>
    public bool RemoveMember(string organization, string user) =>
        Execute("delete from team where organization = $organization and user = $user", ("$organization", organization), ("$user", user)) == 1;

    public IReadOnlyList<TeamMember> Members(string organization) => Read(
        "select user, since from team where organization = $organization order by user",
        reader => new TeamMember(reader.GetString(0), DateTimeOffset.Parse(reader.GetString(1))), ("$organization", organization));

    public async Task<Asset> AddAssetAsync(string organization, string name, Stream content, CancellationToken cancellationToken)
    {
        string id = Guid.NewGuid().ToString("N");
        string path = Path.Combine(_files, id);
        try
        {
            await using (FileStream file = File.Create(path))
            {
                await content.CopyToAsync(file, cancellationToken);
            }

            Asset asset = new(id, name, new FileInfo(path).Length, _time.GetUtcNow());
            Execute("insert into asset values ($id, $organization, $name, $bytes, $at)", ("$id", id), ("$organization", organization), ("$name", name), ("$bytes", asset.Bytes), ("$at", Now()));
            return asset;
        }
        catch
        {
            File.Delete(path);
            throw;
        }
    }

    /// <summary>The bytes that it had; null when the organization has no such asset.</summary>
    public long? RemoveAsset(string organization, string id)
    {
        IReadOnlyList<long> bytes = Read("delete from asset where organization = $organization and id = $id returning bytes", reader => reader.GetInt64(0), ("$organization", organization), ("$id", id));
        if (bytes is not [var freed])
        {
            return null;
        }

        File.Delete(Path.Combine(_files, id));
        return freed;
    }

    public IReadOnlyList<Asset> Assets(string organization) => Read(
        "select id, name, bytes, at from asset where organization = $organization order by at, id",
        reader => new Asset(reader.GetString(0), reader.GetString(1), reader.GetInt64(2), DateTimeOffset.Parse(reader.GetString(3))), ("$organization", organization));

    private string Now() => _time.GetUtcNow().ToString("O");

    private int Execute(string sql, params (string Name, object Value)[] parameters)
    {
        using SqliteConnection connection = Open();
        using SqliteCommand command = Command(connection, sql, parameters);
        return command.ExecuteNonQuery();
    }

    private List<T> Read<T>(string sql, Func<SqliteDataReader, T> read, params (string Name, object Value)[] parameters)
    {
        using SqliteConnection connection = Open();
        using SqliteCommand command = Command(connection, sql, parameters);
        using SqliteDataReader reader = command.ExecuteReader();
        List<T> rows = [];
        while (reader.Read())
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    private SqliteConnection Open()
    {
        SqliteConnection connection = new(_database);
        connection.Open();
        return connection;
    }

    private static SqliteCommand Command(SqliteConnection connection, string sql, (string Name, object Value)[] parameters)
    {
        SqliteCommand command = connection.CreateCommand();
        // The texts are this class's own constants; values go in as parameters.
#pragma warning disable CA2100
        command.CommandText = sql;
#pragma warning restore CA2100
        foreach ((string name, object value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        return command;
    }
}

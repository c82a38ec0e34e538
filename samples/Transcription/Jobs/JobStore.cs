using System.Globalization;
using System.Text.Json;

using Microsoft.Data.Sqlite;

namespace Transcription;

/// <summary>
/// The jobs, in a small database of the sample's own, and their uploaded files. What was used is Weir's. Every change of state says from
/// which state, so that of two that want to end a job only one does.
/// </summary>
internal sealed class JobStore
{
    private const string Columns =
        "id, user, name, path, bytes, format, is_video, duration_ms, language, state, attempt, created_at, started_at, finished_at, beat_at, code, reason, upgrade, transcript, credits, cost";

    private readonly string _database;
    private readonly TimeProvider _time;

    public JobStore(string folder, TimeProvider time)
    {
        _database = new SqliteConnectionStringBuilder { DataSource = Path.Combine(folder, "jobs.db") }.ToString();
        _time = time;
        Uploads = Directory.CreateDirectory(Path.Combine(folder, "uploads")).FullName;
        Execute("pragma journal_mode = wal");
        Execute(
            """
            create table if not exists job (
              id text primary key, user text not null, name text not null, path text not null, bytes integer not null, format text not null, is_video integer not null,
              duration_ms integer not null, language text, state text not null, attempt integer not null, created_at integer not null, started_at integer,
              finished_at integer, beat_at integer, code text, reason text, upgrade text, transcript text, credits text, cost text) strict
            """);
        Execute("create index if not exists job_of_user on job (user, created_at)");
        Execute("create index if not exists job_by_state on job (state, finished_at)");
    }

    /// <summary>The folder of uploaded files.</summary>
    public string Uploads { get; }

    public void Add(Job job) => Execute(
        $"insert into job ({Columns}) values ($id, $user, $name, $path, $bytes, $format, $video, $duration, $language, $state, 0, $created, null, null, null, null, null, null, null, null, null)",
        ("$id", job.Id), ("$user", job.User), ("$name", job.Name), ("$path", job.Path), ("$bytes", job.Bytes), ("$format", job.Format), ("$video", job.IsVideo),
        ("$duration", (long)job.Duration.TotalMilliseconds), ("$language", job.Language), ("$state", Word(job.State)), ("$created", job.CreatedAt.ToUnixTimeMilliseconds()));

    public Job? Find(string id) => Read($"select {Columns} from job where id = $id", ("$id", id)).SingleOrDefault();

    /// <summary>The newest first.</summary>
    public IReadOnlyList<Job> OfUser(string user, int limit) =>
        Read($"select {Columns} from job where user = $user order by created_at desc, rowid desc limit $limit", ("$user", user), ("$limit", limit));

    /// <summary>Every job that is not over, the oldest first.</summary>
    public IReadOnlyList<Job> Open() => Read($"select {Columns} from job where state in ('queued', 'running', 'settling') order by created_at, rowid");

    public int CountOpen(string? user) => (int)Scalar(
        "select count(*) from job where state in ('queued', 'running', 'settling') and ($user is null or user = $user)", ("$user", user));

    /// <summary>A new attempt, which gets a number of its own; null when the job no longer waits.</summary>
    public Job? Begin(string id) => One($"update job set attempt = attempt + 1 where id = $id and state = 'queued' returning {Columns}", ("$id", id));

    public bool Start(string id) => Change(
        "update job set state = 'running', started_at = $now, beat_at = $now where id = $id and state = 'queued'", ("$id", id));

    public bool Beat(string id) => Change("update job set beat_at = $now where id = $id and state = 'running'", ("$id", id));

    /// <summary>The transcript is kept before it is charged: a job whose process ends between the two is charged once and has its transcript.</summary>
    public bool Settle(string id, Transcript transcript) => Change(
        "update job set state = 'settling', transcript = $transcript where id = $id and state = 'running'",
        ("$id", id), ("$transcript", JsonSerializer.Serialize(transcript)));

    public bool Complete(string id, decimal credits, decimal cost) => Change(
        "update job set state = 'completed', finished_at = $now, credits = $credits, cost = $cost where id = $id and state = 'settling'",
        ("$id", id), ("$credits", credits.ToString(CultureInfo.InvariantCulture)), ("$cost", cost.ToString(CultureInfo.InvariantCulture)));

    /// <summary>Ends a job that waits or runs without a transcript.</summary>
    public bool End(string id, JobState state, string? code, string? reason, string? upgrade = null) => Change(
        "update job set state = $state, finished_at = $now, code = $code, reason = $reason, upgrade = $upgrade where id = $id and state in ('queued', 'running')",
        ("$id", id), ("$state", Word(state)), ("$code", code), ("$reason", reason), ("$upgrade", upgrade));

    /// <summary>A job whose process or holder has gone waits again.</summary>
    public bool Requeue(string id) => Change("update job set state = 'queued', started_at = null, beat_at = null where id = $id and state = 'running'", ("$id", id));

    /// <summary>Deletes one that is over.</summary>
    public bool Remove(string id) => Execute("delete from job where id = $id and state in ('completed', 'failed', 'refused', 'canceled')", ("$id", id)) == 1;

    /// <summary>Deletes what was over before a moment, transcripts and all; at most 1,000 at once.</summary>
    public int RemoveOver(DateTimeOffset before) => Execute(
        "delete from job where id in (select id from job where state in ('completed', 'failed', 'refused', 'canceled') and finished_at < $before limit 1000)",
        ("$before", before.ToUnixTimeMilliseconds()));

    private bool Change(string sql, params (string Name, object? Value)[] parameters) =>
        Execute(sql, [.. parameters, .. sql.Contains("$now", StringComparison.Ordinal) ? new (string, object?)[] { ("$now", _time.GetUtcNow().ToUnixTimeMilliseconds()) } : []]) == 1;

    private Job? One(string sql, params (string Name, object? Value)[] parameters) => Read(sql, parameters).SingleOrDefault();

    private int Execute(string sql, params (string Name, object? Value)[] parameters)
    {
        using SqliteConnection connection = Open(_database);
        using SqliteCommand command = Command(connection, sql, parameters);
        return command.ExecuteNonQuery();
    }

    private long Scalar(string sql, params (string Name, object? Value)[] parameters)
    {
        using SqliteConnection connection = Open(_database);
        using SqliteCommand command = Command(connection, sql, parameters);
        return (long)command.ExecuteScalar()!;
    }

    private List<Job> Read(string sql, params (string Name, object? Value)[] parameters)
    {
        using SqliteConnection connection = Open(_database);
        using SqliteCommand command = Command(connection, sql, parameters);
        using SqliteDataReader reader = command.ExecuteReader();
        List<Job> rows = [];
        while (reader.Read())
        {
            rows.Add(JobOf(reader));
        }

        return rows;
    }

    private static Job JobOf(SqliteDataReader row) => new()
    {
        Id = row.GetString(0),
        User = row.GetString(1),
        Name = row.GetString(2),
        Path = row.GetString(3),
        Bytes = row.GetInt64(4),
        Format = row.GetString(5),
        IsVideo = row.GetBoolean(6),
        Duration = TimeSpan.FromMilliseconds(row.GetInt64(7)),
        Language = Text(row, 8),
        State = Enum.Parse<JobState>(row.GetString(9), ignoreCase: true),
        Attempt = row.GetInt32(10),
        CreatedAt = Time(row, 11)!.Value,
        StartedAt = Time(row, 12),
        FinishedAt = Time(row, 13),
        BeatAt = Time(row, 14),
        Code = Text(row, 15),
        Reason = Text(row, 16),
        Upgrade = Text(row, 17),
        Transcript = Text(row, 18) is { } json ? JsonSerializer.Deserialize<Transcript>(json) : null,
        Credits = Text(row, 19) is { } credits ? decimal.Parse(credits, CultureInfo.InvariantCulture) : null,
        Cost = Text(row, 20) is { } cost ? decimal.Parse(cost, CultureInfo.InvariantCulture) : null,
    };

    private static string Word(JobState state) => state.ToString().ToLowerInvariant();

    private static string? Text(SqliteDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private static DateTimeOffset? Time(SqliteDataReader row, int column) => row.IsDBNull(column) ? null : DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(column));

    private static SqliteConnection Open(string database)
    {
        SqliteConnection connection = new(database);
        connection.Open();
        return connection;
    }

    private static SqliteCommand Command(SqliteConnection connection, string sql, (string Name, object? Value)[] parameters)
    {
        SqliteCommand command = connection.CreateCommand();
        // The texts are this class's own constants; values go in as parameters.
#pragma warning disable CA2100
        command.CommandText = sql;
#pragma warning restore CA2100
        foreach ((string name, object? value) in parameters)
        {
            command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        }

        return command;
    }
}

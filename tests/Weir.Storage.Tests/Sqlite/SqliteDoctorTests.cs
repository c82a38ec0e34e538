using Weir.Sqlite;

namespace Weir.Storage.Tests;

/// <summary>Each fault of a folder planted once.</summary>
public sealed class SqliteDoctorTests : IDisposable
{
    private const long Gibibyte = 1L << 30;

    private readonly SqliteFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact(DisplayName = "A folder is sound while a server has it and after it has ended")]
    public async Task ASoundFolderIsSound()
    {
        await using (SqliteStore store = new(_folder.Options, TimeProvider.System))
        {
            await store.OpenAsync(CancellationToken.None);
            await store.NewWorkspaceAsync();
            Assert.Empty(SqliteDoctor.Examine(_folder.Options.Path).Findings);
        }

        Examination found = SqliteDoctor.Examine(_folder.Options.Path);
        Assert.Empty(found.Findings);
        Assert.Contains("schema at step", found.Subject, StringComparison.Ordinal);
    }

    [Fact(DisplayName = "A file that is missing, or is none of Weir's, is a fault")]
    public async Task AnotherFileIsNamed()
    {
        Assert.Equal("file", Assert.Single(SqliteDoctor.Examine(_folder.Options.Path).Findings).Check);
        await File.WriteAllTextAsync(_folder.Options.Path, "It is a text of some length, and no database: SQLite looks at the first hundred bytes of a file to know what it is.");
        Assert.Equal("file", Single(FindingLevel.Fault).Check);
        File.Delete(_folder.Options.Path);
        await File.WriteAllBytesAsync(_folder.Options.Path, []);
        Assert.Equal("schema", Single(FindingLevel.Fault).Check);
    }

    [Theory(DisplayName = "A file of a newer program is a fault, and one of an older program a warning")]
    [InlineData("INSERT INTO migrations VALUES (999, 'later', 0)", FindingLevel.Fault)]
    [InlineData("DELETE FROM migrations WHERE number > 1", FindingLevel.Warning)]
    public async Task TheSchemaIsLookedAt(string statement, FindingLevel level)
    {
        await MakeAsync();
        _folder.Query(statement);
        Assert.Equal("schema", Single(level).Check);
    }

    [Fact(DisplayName = "A damaged page is a fault")]
    public async Task DamageIsFound()
    {
        await MakeAsync();
        long page = (long)_folder.Query("SELECT rootpage FROM sqlite_schema WHERE name = 'deliveries'")[0][0]!;
        await using (FileStream file = new(_folder.Options.Path, FileMode.Open, FileAccess.Write))
        {
            // The number of cells in the head of the page.
            file.Position = (4096 * (page - 1)) + 3;
            await file.WriteAsync(new byte[] { 0xFF, 0xFF });
        }

        Assert.NotEmpty(SqliteDoctor.Examine(_folder.Options.Path).Findings);
        Assert.All(SqliteDoctor.Examine(_folder.Options.Path).Findings, finding => Assert.Equal(("integrity", FindingLevel.Fault), (finding.Check, finding.Level)));
    }

    [Fact(DisplayName = "PRIV-1: a file that others on the machine may read is a warning")]
    public async Task ModesAreLookedAt()
    {
        if (OperatingSystem.IsWindows())
        {
            // Files have no such modes there.
            return;
        }

        await MakeAsync();
        File.SetUnixFileMode(_folder.Options.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        File.SetUnixFileMode(Path.GetDirectoryName(_folder.Options.Path)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherExecute);
        Assert.Equal("file_mode", Single(FindingLevel.Warning).Check);
    }

    [Theory(DisplayName = "A folder in memory or on another machine is a fault")]
    [InlineData("tmpfs", "memory")]
    [InlineData("nfs4", "network")]
    [InlineData("cifs", "network")]
    [InlineData("ext4", null)]
    [InlineData("overlay", null)]
    public void ThePlaceIsLookedAt(string format, string? check) => Assert.Equal(check, SqliteDoctor.Place("/data/weir.db", format).SingleOrDefault()?.Check);

    [Theory(DisplayName = "A disk that is nearly full is a warning, and one that is full a fault")]
    [InlineData(10 * Gibibyte, Gibibyte, null)]
    [InlineData(Gibibyte, 2 * Gibibyte, FindingLevel.Warning)]
    [InlineData(100L << 20, 1, FindingLevel.Warning)]
    [InlineData(31L << 20, 1, FindingLevel.Fault)]
    public void SpaceIsLookedAt(long free, long size, FindingLevel? level) => Assert.Equal(level, SqliteDoctor.Space(free, size).SingleOrDefault()?.Level);

    [Fact(DisplayName = "A write-ahead log that is not worked off is a warning")]
    public async Task TheLogIsLookedAt()
    {
        FileInfo log = new(_folder.Options.Path + "-wal");
        Assert.Empty(SqliteDoctor.Log(log));
        await using (FileStream file = log.Create())
        {
            // A file with a hole: it takes no room.
            file.SetLength(2 * Gibibyte);
        }

        log.Refresh();
        Assert.Equal("log_size", Assert.Single(SqliteDoctor.Log(log)).Check);
    }

    private Finding Single(FindingLevel level)
    {
        Finding found = Assert.Single(SqliteDoctor.Examine(_folder.Options.Path).Findings);
        Assert.Equal(level, found.Level);
        Assert.NotEmpty(found.Remedy);
        return found;
    }

    private async Task MakeAsync()
    {
        await using SqliteStore store = new(_folder.Options, TimeProvider.System);
        await store.OpenAsync(CancellationToken.None);
        await store.NewWorkspaceAsync();
    }
}

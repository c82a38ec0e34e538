using System.Diagnostics;

namespace Weir.Client.Tests;

public sealed class SpoolStoreTests
{
    [Fact(DisplayName = "What was kept is read back in its order, by the next process too")]
    public async Task Order()
    {
        await using Bench bench = new();
        bench.Options.LargestSegment = 4 * 1024;
        string[] texts = [.. Enumerable.Range(0, 500).Select(i => $"record {i} {new string('x', 40)}")];
        await using (SpoolStore store = bench.Open())
        {
            foreach (string text in texts)
            {
                Assert.Equal(SpoolAppend.Kept, await store.AppendAsync(Bench.Records(text)));
            }

            Assert.True(bench.Segments().Count() > 3);
            Assert.Equal(500, store.Health(null).WaitingRecords);
        }

        await using SpoolStore next = bench.Open();
        Assert.True(next.IsEmpty);
        next.Adopt();
        Assert.Equal(500, next.Health(null).WaitingRecords);
        Assert.Equal(texts, Bench.Drain(next));
        Assert.Equal((true, 0L, 0L), (next.IsEmpty, next.Health(null).WaitingBytes, next.Health(null).CorruptBytes));
        // What is delivered is gone: only the lane of the one that runs is there, and it is empty.
        Assert.Single(bench.Lanes());
        Assert.Empty(bench.Segments());
    }

    [Fact(DisplayName = "SPOOL-1: callers at the same time share one sync, and none is answered before it")]
    public async Task GroupSync()
    {
        await using Bench bench = new();
        using ManualResetEventSlim inside = new();
        using ManualResetEventSlim go = new();
        await using SpoolStore store = bench.Open();
        bench.Disk.Syncing = () =>
        {
            inside.Set();
            go.Wait();
        };
        Task<SpoolAppend> first = store.AppendAsync(Bench.Records("first"));
        inside.Wait();
        Task<SpoolAppend>[] others = [.. Enumerable.Range(0, 200).Select(i => store.AppendAsync(Bench.Records($"other {i}")))];
        Assert.False(first.IsCompleted);
        Assert.Null(store.Next(10));
        go.Set();
        Assert.Equal(SpoolAppend.Kept, await first);
        Assert.All(await Task.WhenAll(others), answer => Assert.Equal(SpoolAppend.Kept, answer));
        Assert.Equal(2, bench.Disk.Syncs);
        Assert.Equal(201, Bench.Drain(store).Count);
    }

    [Theory(DisplayName = "SPOOL-1: a failed sync acknowledges nothing of its group; the file is closed, and the next records go to a new one")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task FailedSync(bool cutFails)
    {
        await using Bench bench = new();
        await using SpoolStore store = bench.Open();
        Assert.Equal(SpoolAppend.Kept, await store.AppendAsync(Bench.Records("before")));
        bench.Disk.SyncFails = true;
        bench.Disk.CutFails = cutFails;
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(SpoolAppend.Failed, await store.AppendAsync(Bench.Records($"refused {i}", "with it")));
        }

        Assert.Equal(("spool_failed", 6L, 1L, 1L), (store.Health(null).Trouble, store.Health(null).Refused, store.Health(null).Appended, store.Health(null).WaitingRecords));
        bench.Disk.SyncFails = false;
        Assert.Equal(SpoolAppend.Kept, await store.AppendAsync(Bench.Records("after")));
        Assert.Null(store.Health(null).Trouble);
        Assert.Equal(["before", "after"], Bench.Drain(store));
        Assert.Empty(bench.Segments());
    }

    [Fact(DisplayName = "A new file is acknowledged only when its name is durable too")]
    public async Task FailedFolderSync()
    {
        await using Bench bench = new();
        await using SpoolStore store = bench.Open();
        bench.Disk.FolderSyncFails = true;
        Assert.Equal(SpoolAppend.Failed, await store.AppendAsync(Bench.Records("refused")));
        bench.Disk.FolderSyncFails = false;
        bench.Disk.CreateFails = true;
        Assert.Equal(SpoolAppend.Failed, await store.AppendAsync(Bench.Records("refused")));
        bench.Disk.CreateFails = false;
        Assert.Equal(SpoolAppend.Kept, await store.AppendAsync(Bench.Records("kept")));
        Assert.Equal(["kept"], Bench.Drain(store));
    }

    [Fact(DisplayName = "SPOOL-3: a full disk refuses with spool_full, loses nothing, and takes again when there is room")]
    public async Task FullDisk()
    {
        await using Bench bench = new();
        await using SpoolStore store = bench.Open();
        bench.Disk.IsFull = true;
        Assert.Equal(SpoolAppend.Full, await store.AppendAsync(Bench.Records("too early")));
        bench.Disk.IsFull = false;
        Assert.Equal(SpoolAppend.Kept, await store.AppendAsync(Bench.Records("first")));
        bench.Disk.IsFull = true;
        Assert.Equal(SpoolAppend.Full, await store.AppendAsync(Bench.Records("refused, and longer than the next")));
        Assert.Equal("spool_full", store.Health(null).Trouble);
        bench.Disk.IsFull = false;
        Assert.Equal(SpoolAppend.Kept, await store.AppendAsync(Bench.Records("second")));
        Assert.Null(store.Health(null).Trouble);
        await store.DisposeAsync();
        await using SpoolStore next = bench.Open();
        next.Adopt();
        Assert.Equal(["first", "second"], Bench.Drain(next));
        Assert.Equal(0, next.Health(null).CorruptBytes);
    }

    [Fact(DisplayName = "On a disk that is full in earnest, what was acknowledged is what is read")]
    public async Task TinyDisk()
    {
        await using Bench bench = new();
        Directory.CreateDirectory(bench.Folder);
        if (!OperatingSystem.IsLinux() || await RunAsync("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", bench.Folder) != 0)
        {
            Assert.Skip("A disk of its own needs Linux and root.");
        }

        try
        {
            List<string> kept = [];
            SpoolAppend answer = SpoolAppend.Kept;
            await using (SpoolStore store = bench.Open())
            {
                for (int i = 0; answer == SpoolAppend.Kept; i++)
                {
                    answer = await store.AppendAsync(Bench.Records($"record {i} {new string('x', 500)}"));
                    if (answer == SpoolAppend.Kept)
                    {
                        kept.Add($"record {i} {new string('x', 500)}");
                    }
                }

                Assert.Equal(SpoolAppend.Full, answer);
                Assert.True(kept.Count > 100, $"Only {kept.Count} fitted.");
                Assert.Equal("spool_full", store.Health(null).Trouble);
                Assert.Equal(0, await RunAsync("mount", "-o", "remount,size=512k", bench.Folder));
                Assert.Equal(SpoolAppend.Kept, await store.AppendAsync(Bench.Records("with room")));
                kept.Add("with room");
            }

            await using SpoolStore next = bench.Open();
            next.Adopt();
            Assert.Equal(0, next.Health(null).CorruptBytes);
            Assert.Equal(kept, Bench.Drain(next));
        }
        finally
        {
            Assert.Equal(0, await RunAsync("umount", bench.Folder));
        }
    }

    [Fact(DisplayName = "SPOOL-3: the spool is bounded: beyond, spool_full; what is delivered makes room, and nothing is dropped")]
    public async Task Bound()
    {
        await using Bench bench = new();
        bench.Options.LargestBytes = 64 * 1024;
        await using SpoolStore store = bench.Open();
        string text = new('x', 1000);
        int kept = 0;
        while (await store.AppendAsync(Bench.Records(text)) == SpoolAppend.Kept)
        {
            kept++;
        }

        Assert.InRange(kept, 60, 65);
        Assert.InRange(store.Health(null).WaitingBytes, 60_000, 64 * 1024);
        Assert.Equal(SpoolAppend.Full, await store.AppendAsync(Bench.Records(text)));
        Assert.Equal("spool_full", store.Health(null).Trouble);
        Assert.Equal(kept, Bench.Drain(store).Count);
        Assert.Null(store.Health(null).Trouble);
        Assert.Equal(SpoolAppend.Kept, await store.AppendAsync(Bench.Records(text)));
        Assert.Single(Bench.Drain(store));
        // Many at once are bounded alike.
        SpoolAppend[] answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => store.AppendAsync(Bench.Records(text))));
        Assert.InRange(answers.Count(answer => answer == SpoolAppend.Kept), 60, 65);
        Assert.Equal(answers.Count(answer => answer == SpoolAppend.Kept), Bench.Drain(store).Count);
    }

    [Fact(DisplayName = "What cannot be read is kept aside and reported, and what comes before and after it is delivered")]
    public async Task Corrupt()
    {
        await using Bench bench = new();
        bench.Options.LargestSegment = 4 * 1024;
        string[] texts = [.. Enumerable.Range(0, 30).Select(i => $"record {i:D2} {new string('x', 489)}")];
        await using (SpoolStore store = bench.Open())
        {
            foreach (string text in texts)
            {
                await store.AppendAsync(Bench.Records(text));
            }
        }

        string second = bench.Segments().ElementAt(1);
        byte[] bytes = await File.ReadAllBytesAsync(second);
        int perSegment = (bytes.Length - SpoolFormat.HeaderLength) / SpoolFormat.LengthOf(texts[0].Length);
        int damaged = SpoolFormat.HeaderLength + (2 * SpoolFormat.LengthOf(texts[0].Length));
        bytes[damaged + 100] ^= 1;
        await File.WriteAllBytesAsync(second, bytes);

        await using SpoolStore next = bench.Open();
        next.Adopt();
        Assert.Equal(bytes.Length - damaged, next.Health(null).CorruptBytes);
        Assert.False(next.Health(null).Healthy);
        Assert.Equal([.. texts[..(perSegment + 2)], .. texts[(2 * perSegment)..]], Bench.Drain(next));
        string kept = Assert.Single(Directory.EnumerateFiles(bench.Quarantine));
        Assert.Equal(bytes[damaged..], await File.ReadAllBytesAsync(kept));
    }

    [Fact(DisplayName = "A file that is damaged while its process runs is given up at the damage and not before")]
    public async Task DamagedWhileOpen()
    {
        await using Bench bench = new();
        await using SpoolStore store = bench.Open();
        await store.AppendAsync(Bench.Records("first", "second"));
        string path = Assert.Single(bench.Segments());
        byte[] bytes = await File.ReadAllBytesAsync(path);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(path, bytes);
        await store.AppendAsync(Bench.Records("third"));
        Assert.Equal(["first"], Bench.Drain(store));
        Assert.Equal(0, store.Health(null).WaitingRecords);
        Assert.True(store.Health(null).CorruptBytes > 0);
        Assert.Equal(SpoolAppend.Kept, await store.AppendAsync(Bench.Records("fourth")));
        Assert.Equal(["fourth"], Bench.Drain(store));
    }

    [Fact(DisplayName = "Processes share a folder: each has a lane, and only the lanes of those that have ended are taken over")]
    public async Task Lanes()
    {
        await using Bench bench = new();
        SpoolStore first = bench.Open();
        await using SpoolStore second = bench.Open();
        await first.AppendAsync(Bench.Records("of the first"));
        await second.AppendAsync(Bench.Records("of the second"));
        second.Adopt();
        Assert.Equal(["of the second"], Bench.Drain(second));
        await first.DisposeAsync();
        Assert.Equal(SpoolAppend.Failed, await first.AppendAsync(Bench.Records("too late")));
        second.Adopt();
        Assert.Equal(["of the first"], Bench.Drain(second));
        second.Adopt();
        Assert.Null(second.Next(10));
        Assert.Single(bench.Lanes());
    }

    [Fact(DisplayName = "A full quarantine stops delivery: nothing is dropped for want of room")]
    public async Task FullQuarantine()
    {
        await using Bench bench = new();
        bench.Options.LargestQuarantine = 64 * 1024;
        await using SpoolStore store = bench.Open();
        SpoolEntry entry = new(SpoolKinds.Event, "e-1", System.Text.Encoding.UTF8.GetBytes($$"""{"id":"e-1","source":"{{new string('x', 40_000)}}"}"""));
        store.Quarantine([new PoisonRecord(entry, 422, "too_old", "It is too old.")]);
        Assert.Throws<IOException>(() => store.Quarantine([new PoisonRecord(entry, 422, "too_old", "It is too old.")]));
        string line = Assert.Single(await File.ReadAllLinesAsync(Assert.Single(Directory.EnumerateFiles(bench.Quarantine))));
        Assert.Equal(("e-1", "422", "too_old", "It is too old."), (line.Member("id"), line.Member("status"), line.Member("code"), line.Member("detail")));
        Assert.Equal("e-1", line.Member("body").Member("id"));
    }

    private static async Task<int> RunAsync(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, UseShellExecute = false })!;
            await process.WaitForExitAsync();
            return process.ExitCode;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return -1;
        }
    }
}

using System.CommandLine;

namespace Weir.Server;

/// <summary>The folder in which a server keeps everything: one database file and what SQLite puts beside it.</summary>
internal static class DataFolder
{
    public const string Default = "./weir-data";

    private const string FileName = "weir.db";

    public static Option<string> Option() => new("--data") { Description = "The folder of the data; it is made when it is missing.", DefaultValueFactory = _ => Default };

    public static string FileIn(string folder) => Path.Combine(folder, FileName);

    /// <summary>Makes a missing folder, for nobody but the server's own user: names and mails of customers will stand in it.</summary>
    public static void Make(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    /// <exception cref="CommandException">The folder has no data of Weir.</exception>
    public static string ExistingFileIn(string folder) => File.Exists(FileIn(folder))
        ? FileIn(folder)
        : throw new CommandException($"There is no data in '{folder}' ({FileName} is missing). Name the server's folder with --data, or make one with 'weir serve --data {folder}'.");
}

namespace MqService.Pack.Tests;

public static class RepositoryFiles
{
    /// <summary>The files of a folder of the repository, from its root, with forward slashes; what a build leaves there apart.</summary>
    public static IEnumerable<string> Of(string folder) =>
        Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Repository.Root, file).Replace('\\', '/'))
            .Where(file => !file.Split('/').Any(part => part is "bin" or "obj"));
}

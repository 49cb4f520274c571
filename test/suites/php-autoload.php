<?php
// Stands for the vendor/autoload.php that Composer makes, with phpseclib from Debian's package.
spl_autoload_register(function (string $class): void {
    $folders = ['PhpAmqpLib\\Tests\\' => '/tests/', 'PhpAmqpLib\\' => '/PhpAmqpLib/'];
    foreach ($folders as $prefix => $folder) {
        if (!str_starts_with($class, $prefix)) {
            continue;
        }
        $name = strtr(substr($class, strlen($prefix)), '\\', '/');
        $file = dirname(__DIR__) . $folder . $name . '.php';
        if (is_file($file)) {
            require $file;
        }
        return;
    }
});
require_once 'phpseclib3/autoload.php';
